import { dirname, join } from 'node:path/posix'
import { expect, test } from 'vitest'
import { importsOf, readSources } from './imports'

/**
 * The storeys of the house, from the ground up. A file imports from its own room and from storeys below, never from
 * above, and never from another room of its storey. A row names folders, each without the folders in it, and files that
 * have a storey of their own.
 */
const STOREYS = [
  ['system'],
  ['system/native', 'system/node'],
  // The compiler checks here that both implementations are complete.
  ['system/implementations.ts'],
  ['policy'],
  ['cni'],
  ['backend'],
  ['backend/nftables', 'backend/iptables'],
  ['backend/nftables/netlink', 'backend/nftables/text'],
  // They choose among what the rooms below have.
  ['backend/nftables/choose-carrier.ts', 'backend/nftables/read-base-chains.ts', 'backend/host.ts'],
  ['backend/nftables/index.ts'],
  ['backend/places'],
  ['config', 'primary', 'foreign'],
  ['sync'],
  ['install', 'convert', 'list', 'log', 'metrics'],
  ['explain/routes'],
  ['verbs', 'doctor', 'explain', 'validate'],
  ['commands/table'],
  ['commands/rows', 'commands/documents'],
  ['commands'],
  ['edge.ts', 'operator.ts'],
  ['main.ts'],
]

const sources = await readSources()
const storeyOf = new Map(STOREYS.flatMap((rooms, storey) => rooms.map((room) => [room, storey] as const)))

/** The bundler takes one of a module's implementations; its interface is on the ground floor. */
const SEAM = '#system/'

interface Arrow {
  readonly from: string
  readonly to: string
  /** The module of the machine that is asked for. */
  readonly module?: string
}

const arrows = [...sources].flatMap(([from, source]) =>
  importsOf(source).flatMap((name): Arrow[] => {
    const module = name.startsWith(SEAM) ? name.slice(SEAM.length) : undefined
    if (module) return [{ from, to: `src/system/${module}.ts`, module }]
    const isCode = name.startsWith('.') && !name.endsWith('.json')
    return isCode ? [{ from, to: fileOf(join(dirname(from), name)) }] : []
  }),
)

/** A folder stands for its index. */
function fileOf(path: string): string {
  return [`${path}.ts`, `${path}/index.ts`].find((file) => sources.has(file)) ?? path
}

function roomOf(file: string): string {
  const path = file.slice('src/'.length)
  return storeyOf.has(path) ? path : dirname(path)
}

test('every file of src is in a room of the table, and every room has files', () => {
  const rooms = new Set([...sources.keys()].map(roomOf))
  expect([...rooms].sort()).toEqual([...storeyOf.keys()].sort())
})

test('every import of a file leads to a file', () => {
  expect(arrows.length).toBeGreaterThan(1000)
  expect(arrows.filter(({ to }) => !sources.has(to))).toEqual([])
})

test('no import leads upward, or into another room of the same storey', () => {
  const wrong = arrows.filter(({ from, to }) => {
    const [own, other] = [roomOf(from), roomOf(to)]
    return own !== other && (storeyOf.get(other) ?? Number.POSITIVE_INFINITY) >= (storeyOf.get(own) ?? -1)
  })
  expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([])
})

test.each(['native', 'node'])('no file imports itself by way of others (%s)', (runtime) => {
  const loaded = arrows.map(({ from, to, module }) => ({
    from,
    to: module ? `src/system/${runtime}/${module}.ts` : to,
  }))
  expect(circlesIn(loaded)).toEqual([])
})

test('each circle is found', () => {
  const pair = (text: string) => ({ from: text.charAt(0), to: text.charAt(1) })
  expect(circlesIn(['ab', 'bc', 'cd', 'db', 'de', 'ef', 'fe'].map(pair))).toEqual(['b, c, d', 'e, f'])
  expect(circlesIn(['ab', 'bc', 'ac'].map(pair))).toEqual([])
})

/** Files of which each leads to all others. */
function circlesIn(all: readonly Arrow[]): string[] {
  const targets = new Map<string, string[]>()
  for (const { from, to } of all) targets.set(from, [...(targets.get(from) ?? []), to])
  const reached = new Map([...targets.keys()].map((file) => [file, reachedFrom(file, targets)] as const))
  const circles = [...reached].flatMap(([file, others]) => {
    const circle = [...others].filter((other) => reached.get(other)?.has(file))
    return circle.length > 0 ? [circle.sort().join(', ')] : []
  })
  return [...new Set(circles)]
}

function reachedFrom(file: string, targets: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>()
  const open = [file]
  for (const next of open) {
    for (const to of targets.get(next) ?? []) {
      if (!reached.has(to)) open.push(to)
      reached.add(to)
    }
  }
  return reached
}
