import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, type PluginCall, RELEASED } from '../lab/plugin'
import { listRuleset } from '../lab/table'

/** Where the native executable is started, and with what around it, changes nothing. */

let node: Namespace
let directory: string
beforeAll(async () => {
  node = await createNamespace('around')
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-around-'))
})
afterAll(async () => {
  await node.delete()
  await rm(directory, { recursive: true })
})

const config = configWith(['10.244.1.7/24'])
/** What a call leaves in the kernel must not depend on who called before. */
const FRESH = 'nft delete table inet ip-masq 2>/dev/null || true'

async function addAndDelete(call: PluginCall) {
  await node.sh(FRESH)
  const add = await callPlugin(node, 'ADD', { config, executable: RELEASED, ...call })
  const rules = (await listRuleset(node)).replace(/(?<=comment "(?:[0-9a-f]{16}|1) )\d+/g, 'TIME')
  const del = await callPlugin(node, 'DEL', { config, executable: RELEASED, ...call })
  const pick = ({ status, stdout, stderr }: typeof add) => ({ status, stdout, stderr })
  return { add: pick(add), rules, del: pick(del) }
}

const DENIES = fileURLToPath(new URL('../lab/deny-write-execute.pl', import.meta.url))

describe('the native executable does the same', () => {
  let usual: Awaited<ReturnType<typeof addAndDelete>>
  beforeAll(async () => {
    usual = await addAndDelete({})
    expect(usual).toMatchObject({
      add: { status: 0, stderr: '' },
      del: { status: 0, stdout: '', stderr: '' },
    })
    expect(usual.rules).toContain('10.244.1.7')
  })

  test.each<[string, PluginCall]>([
    ['in a directory that is deleted', { before: 'gone=$(mktemp -d); cd "$gone"; rmdir "$gone"' }],
    ['where no memory may be writable and executable', { executable: `perl ${DENIES} ${RELEASED}` }],
    ['with a small stack', { before: 'ulimit -s 256' }],
    ['with a stack without a limit', { before: 'ulimit -s unlimited' }],
    ['with few open files', { before: 'ulimit -n 16' }],
    ['with little address space', { executable: `prlimit --as=${8 << 20} ${RELEASED}` }],
  ])('%s', async (_, call) => {
    expect(await addAndDelete(call)).toEqual(usual)
  })

  /** Each would run or load a file that is not there, print, or change how memory and text are handled. */
  const VARIABLES: Readonly<Record<string, string>> = {
    ...{
      LD_PRELOAD: '/nowhere/x.so',
      LD_LIBRARY_PATH: '/nowhere',
      LD_AUDIT: '/nowhere/x.so',
      LD_DEBUG: 'all',
    },
    ...{ LD_BIND_NOW: '1', LD_SHOW_AUXV: '1', LD_TRACE_LOADED_OBJECTS: '1' },
    ...{ BUN_BE_BUN: '1', BUN_OPTIONS: '--version', BUN_INSPECT: '1', BUN_CONFIG_FILE: '/nowhere' },
    ...{ NODE_OPTIONS: '--require /nowhere/x.js', NODE_PATH: '/nowhere', NODE_DEBUG: 'fs' },
    ...{ QJS_MODULE_PATH: '/nowhere', QJS_DEBUG: '1', QJSC: '1', QJS_MEMORY_LIMIT: '1', QJS_STACK_SIZE: '1' },
    ...{ MALLOC_ARENA_MAX: '1', MALLOC_CHECK_: '3', MALLOC_PERTURB_: '85', MALLOC_TRACE: '/nowhere/trace' },
    ...{ GLIBC_TUNABLES: 'glibc.malloc.perturb=85:glibc.malloc.check=3', GCONV_PATH: '/nowhere' },
    ...{ MUSL_LOCPATH: '/nowhere' },
    ...{
      LC_ALL: 'tr_TR.UTF-8',
      LANG: 'tr_TR.UTF-8',
      LOCPATH: '/nowhere',
      TZ: 'Asia/Kathmandu',
      TMPDIR: '/nowhere',
    },
    ...{ HOME: '/nowhere', IFS: 'x', BASH_ENV: '/nowhere', ENV: '/nowhere', HOSTALIASES: '/nowhere' },
  }

  test('whatever the environment says besides the protocol', async () => {
    // bash must not read them, so env(1) sets them for the executable alone.
    const assignments = Object.entries(VARIABLES).map(([name, value]) => `'${name}=${value}'`)
    const executable = `env ${assignments.join(' ')} ${RELEASED}`
    expect(await addAndDelete({ executable })).toEqual(usual)
  })

  test('or fails, if it gets too little address space', async () => {
    const said: string[] = []
    for (let kilobytes = 2000; kilobytes < 4000; kilobytes += 100) {
      const executable = `prlimit --as=${kilobytes << 10} ${RELEASED}`
      const { status, stdout, stderr } = await callPlugin(node, 'ADD', { config, executable })
      if (status === 0) expect(stdout).toBe(usual.add.stdout)
      else said.push(stdout + stderr)
    }
    expect(said).toContainEqual(expect.stringContaining('memory'))
  })

  test('whose caller ignores the ends of its children', async () => {
    const executable = `env --ignore-signal=CHLD ${RELEASED}`
    const call = { config: { ...config, backend: 'iptables' }, executable }
    expect(await callPlugin(node, 'ADD', call)).toMatchObject({ status: 0, stderr: '' })
    expect(await callPlugin(node, 'DEL', call)).toMatchObject({ status: 0, stdout: '', stderr: '' })
  })

  test('without /proc: the rules are the same', async () => {
    const without = 'umount -l /proc; [ ! -e /proc/self ]'
    const netns = join(directory, 'netns')
    const before = `touch ${netns}; mount --bind /proc/self/ns/net ${netns}; ${without}`
    expect(await addAndDelete({ before, environment: { CNI_NETNS: netns } })).toMatchObject({
      add: { status: 0, stderr: '' },
      rules: expect.stringContaining('10.244.1.7'),
      del: { status: 0, stdout: '', stderr: '' },
    })
  })
})
