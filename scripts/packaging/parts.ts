import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { build, type Plugin } from 'esbuild'
import { ROOT } from './root'

/**
 * The native executable's own code in parts, each a file that is read when it is asked for. The first has what the ADDs and
 * DELs of pods run when nothing is refused: all the rest would cost each of them 0.3 ms. Which part a module is in
 * changes nothing but that.
 */
const PARTS: Readonly<Record<string, readonly string[]>> = {
  exec: ['src/system/tools.ts', 'src/system/bun/processes.ts', 'src/system/node/processes.ts'],
  iptables: [
    'src/backend/iptables/',
    'src/policy/first-match.ts',
    'src/system/bun/turns.ts',
    'src/primary/iptables.ts',
  ],
  later: [
    'src/about.ts',
    'src/backend/both/list.ts',
    'src/backend/both/look.ts',
    'src/backend/both/mark.ts',
    'src/backend/both/prune.ts',
    'src/backend/both/replace.ts',
    'src/backend/both/take-back.ts',
    'src/backend/both/verify.ts',
    'src/backend/denied.ts',
    'src/backend/nftables/apply-with-set-up.ts',
    'src/backend/nftables/compare-structure.ts',
    'src/backend/nftables/fill-slots.ts',
    'src/backend/nftables/find-addresses.ts',
    'src/backend/nftables/listed-note.ts',
    'src/backend/nftables/netlink/cross-check.ts',
    'src/backend/nftables/netlink/decode.ts',
    'src/backend/nftables/netlink/encode-objects.ts',
    'src/backend/nftables/netlink/expressions.ts',
    'src/backend/nftables/netlink/failures.ts',
    'src/backend/nftables/netlink/known-rules.ts',
    'src/backend/nftables/netlink/read.ts',
    'src/backend/nftables/netlink/rules.ts',
    'src/backend/nftables/netlink/tables.ts',
    'src/backend/nftables/netlink/walk.ts',
    'src/backend/nftables/outdated.ts',
    'src/backend/nftables/own-declaration.ts',
    'src/backend/nftables/owner-notes.ts',
    'src/backend/nftables/plan-attachment.ts',
    'src/backend/nftables/prune.ts',
    'src/backend/nftables/read-attachment.ts',
    'src/backend/nftables/remove-owned.ts',
    'src/backend/nftables/replace.ts',
    'src/backend/nftables/set-up.ts',
    'src/backend/nftables/slot-notes.ts',
    'src/backend/nftables/table-state.ts',
    'src/backend/nftables/take-over.ts',
    'src/backend/nftables/text/',
    'src/backend/nftables/tombstone.ts',
    'src/backend/nftables/verify.ts',
    'src/backend/pruned.ts',
    'src/backend/taken.ts',
    'src/backend/tools.ts',
    'src/cni/cache-file.ts',
    'src/cni/cache-head.ts',
    'src/cni/conflists.ts',
    'src/cni/json-scan.ts',
    'src/cni/json-text.ts',
    'src/cni/result-cache.ts',
    'src/cni/small-file.ts',
    'src/cni/text-place.ts',
    'src/cni/valid-attachments.ts',
    'src/commands/',
    'src/config/agent-file.ts',
    'src/config/flannel.ts',
    'src/config/nearest.ts',
    'src/config/neighbour-keys.ts',
    'src/config/parse.ts',
    'src/config/pod-lists.ts',
    'src/config/schema.ts',
    'src/config/sources.ts',
    'src/config/text-value.ts',
    'src/config/values.ts',
    'src/config/windows-policies.ts',
    'src/config/yaml.ts',
    'src/convert/',
    'src/gc.ts',
    'src/install/',
    'src/primary/',
    'src/policy/range-sets.ts',
    'src/policy/several.ts',
    'src/sync/',
    'src/system/absent.ts',
    'src/system/attributes.ts',
    'src/system/bun/attributes.ts',
    'src/system/bun/root.ts',
    'src/system/node/files.ts',
    'src/system/node/globs.ts',
    'src/system/node/sockets.ts',
    'src/system/paths.ts',
  ],
}

/** The part that the runtime starts. */
export const FIRST = 'ip-masq'
export const PART_NAMES = [FIRST, ...Object.keys(PARTS)] as const

/** What the first part does when it is read, without the others in mind. */
export const MAIN = `import './src/main.ts'\n`

/** Where the native runtime has the files that are compiled into it; the first one without its suffix. */
export const EMBEDDED = '/$bunfs/root/'
const fileOf = (part: string) => `${EMBEDDED}${part === FIRST ? FIRST : `${part}.js`}`

function partOf(module: string): string {
  const has = (pattern: string) => (pattern.endsWith('/') ? module.startsWith(pattern) : module === pattern)
  return Object.keys(PARTS).find((part) => PARTS[part]?.some(has)) ?? FIRST
}

/** A part's modules that other parts ask for, by the part. */
export type Asked = Map<string, Set<string>>

/**
 * Where a module of another part is imported there comes, in its place, what asks that part for it. The first part is
 * always there, so all of its exports can be used as they are. The others are read when a function of theirs
 * is called; so functions are all that can be imported of them, unless the import itself is an `import()`.
 */
export function otherParts(part: string, asked: Asked): Plugin {
  return {
    name: 'parts',
    setup({ onResolve, onLoad, resolve }) {
      const resolved = {}
      onResolve({ filter: /^(\.|#system\/)/ }, async ({ path, kind, resolveDir, pluginData }) => {
        if (kind === 'entry-point' || pluginData === resolved) return undefined
        const { path: file } = await resolve(path, { kind, resolveDir, pluginData: resolved })
        const module = relative(ROOT, file)
        const other = module.startsWith('src/') ? partOf(module) : part
        if (other === part) return { path: file }
        asked.set(other, (asked.get(other) ?? new Set()).add(module))
        const isWhole = other === FIRST || kind === 'dynamic-import'
        return { path: module, namespace: isWhole ? 'whole' : 'functions' }
      })
      onResolve({ filter: /^#modules$/ }, ({ path }) => ({ path, namespace: 'modules' }))
      onLoad({ filter: /./, namespace: 'modules' }, async () => ({
        contents: await modulesOfFirst(asked),
        resolveDir: ROOT,
      }))
      onResolve({ filter: /./, namespace: 'whole' }, ({ path }) => ({ path, external: true }))
      onResolve({ filter: /./, namespace: 'functions' }, ({ path }) => ({ path, external: true }))
      onLoad({ filter: /./, namespace: 'whole' }, ({ path }) => ({
        contents: `module.exports = ${load(path)}`,
      }))
      onLoad({ filter: /./, namespace: 'functions' }, async ({ path }) => ({
        contents: (await functionsOf(path))
          .map((name) => `export function ${name}(...all) { return ${load(path)}.${name}(...all) }\n`)
          .join(''),
      }))
    },
  }
}

function load(module: string): string {
  return `require(${JSON.stringify(fileOf(partOf(module)))}).moduleOf(${JSON.stringify(module)})`
}

async function functionsOf(module: string): Promise<string[]> {
  const source = await readFile(join(ROOT, module), 'utf8')
  const names = (await exportsOf([module])).get(module) ?? []
  for (const name of names)
    if (!new RegExp(`^export (async )?function ${name}\\b`, 'm').test(source))
      throw new Error(`${module}: ${name} is no function, so it must be in the part that needs it`)
  return names
}

/**
 * What begins a part. It exports `moduleOf`, which gives the exports of those of its modules that others ask for, by their
 * paths. The first part's are run at once; of the others each when it is asked for.
 */
export function entryOf(part: string, asked: Asked): string {
  // In this order: main begins at once, and may need another part at once.
  if (part === FIRST) return `import '#modules'\n${MAIN}`
  const modules = [...(asked.get(part) ?? [])].sort()
  return moduleOf(modules.map((module) => `case '${module}': return require('./${module}')\n`))
}

async function modulesOfFirst(asked: Asked): Promise<string> {
  const modules = [...(await exportsOf([...(asked.get(FIRST) ?? [])].sort()))]
  const imports = modules.map(([module, names], i) => {
    const bindings = names.map((name, j) => `${name} as m${i}_${j}`)
    return `import { ${bindings.join(', ')} } from './${module}'\n`
  })
  const cases = modules.map(([module, names], i) => {
    const bindings = names.map((name, j) => `${name}: m${i}_${j}`)
    return `case '${module}': return { ${bindings.join(', ')} }\n`
  })
  return `${imports.join('')}${moduleOf(cases)}`
}

/** `export` would do, if it did not take 0.1 ms in what esbuild makes of it. */
export const BANNER = 'var __part__=module.exports;'

function moduleOf(cases: readonly string[]): string {
  return `__part__.moduleOf = function (name) {\n  switch (name) {\n${cases.join('')}  }\n}\n`
}

/** The first part may not carry a module for the others alone. `used`: what it has for itself. */
export function requireUse(asked: Asked, used: Readonly<Record<string, unknown>>): void {
  for (const module of asked.get(FIRST) ?? [])
    if (!(module in used)) throw new Error(`${module} is for other parts alone: name it in PARTS`)
}

/** The names of what modules export, without types. */
async function exportsOf(modules: readonly string[]): Promise<Map<string, string[]>> {
  if (modules.length === 0) return new Map()
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [...modules],
    outdir: 'unused',
    outbase: '.',
    format: 'esm',
    write: false,
    metafile: true,
  })
  return new Map(
    Object.values(metafile.outputs).map(({ entryPoint = '', exports }) => [entryPoint, [...exports].sort()]),
  )
}
