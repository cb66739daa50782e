import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createCachedNetwork } from '../lab/cached-network'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, EXECUTABLES, type PluginCall } from '../lab/plugin'
import { IPTABLES } from '../lab/tools'

/** Many calls at once over iptables: all succeed, in turn, and nothing is left behind or taken from others. */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('crowd')
})
afterEach(() => node.delete())

const pod = (name: string, number: number): PluginCall => ({
  containerID: name,
  config: configWith([`10.244.${3 + (number >> 7)}.${(number & 127) + 1}/24`, `fd00::${number + 1}/64`], {
    backend: 'iptables',
  }),
})
const withoutResult = ({ containerID = '' }: PluginCall): PluginCall => ({
  containerID,
  config: { cniVersion: '0.3.1', name: 'cbr0', type: 'ip-masq', backend: 'iptables' },
})

/** So many at a time; what went wrong. */
async function crowd(calls: readonly (readonly [string, PluginCall])[], atATime = 16): Promise<string[]> {
  const wrong: string[] = []
  const left = calls.values()
  const work = async () => {
    for (const [command, call] of left) {
      const { status, stdout, stderr } = await callPlugin(node, command, call)
      if (status !== 0 || stderr !== '') wrong.push(`${command} ${call.containerID}: ${stdout} ${stderr}`)
    }
  }
  await Promise.all(Array.from({ length: atATime }, work))
  return wrong
}

const pods = (name: string, from: number, count: number) =>
  Array.from({ length: count }, (_, i) => pod(`${name}-${i}`, from + i))

describe.each(['nft', 'legacy'] as const)('iptables-%s', (kind) => {
  const tools = [`iptables-${kind}`, `ip6tables-${kind}`]
  const list = async () => {
    const texts = await Promise.all(tools.map((tool) => node.sh(`${tool} -t nat -S`)))
    return texts.join('\n').split('\n')
  }
  const holders = async () =>
    (await list()).filter((line) => / -j IPM-O-/.test(line)).map((line) => line.split(' ')[1] ?? '')
  beforeEach(async () => {
    if (kind === 'legacy') await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await node.sh(`iptables-${kind} -t nat -N FOREIGN; iptables-${kind} -t nat -A FOREIGN -s 192.0.2.1 -j ACCEPT
      iptables-${kind} -t nat -A POSTROUTING -j FOREIGN`)
  })

  test('DELs of all kinds beside ADDs leave nothing of theirs, and nothing else goes', async () => {
    const [old, young] = [pods('old', 0, 36), pods('young', 36, 24)]
    expect(await crowd(old.map((one) => ['ADD', one]))).toEqual([])
    expect(await holders()).toHaveLength(72)
    const deletions = old.flatMap((one, i): (readonly [string, PluginCall])[] => {
      // With prevResult and then without, as containerd sends them; only without, as for flannel; twice with it.
      const kinds = [[one, withoutResult(one)], [withoutResult(one)], [one, one]][i % 3] ?? []
      return kinds.map((call) => ['DEL', call] as const)
    })
    const additions = young.map((one): readonly [string, PluginCall] => ['ADD', one])
    const mixed = deletions.flatMap((deletion, i) => {
      const addition = additions[i]
      return addition ? [deletion, addition] : [deletion]
    })
    expect(await crowd(mixed)).toEqual([])
    const expected = young.flatMap(({ config }) =>
      (config as { prevResult: { ips: { address: string }[] } }).prevResult.ips.map(({ address }) => address),
    )
    const dispatched = (await list()).flatMap((line) => /^-A IPM-PODS -s (\S+?)\/\d+ /.exec(line)?.[1] ?? [])
    expect(dispatched.sort()).toEqual(expected.map((address) => address.replace(/\/.*/, '')).sort())
    expect((await list()).filter((line) => line.startsWith('-N IPM-O-'))).toHaveLength(48)
    expect((await list()).filter((line) => line.includes('FOREIGN'))).toEqual([
      '-N FOREIGN',
      '-A POSTROUTING -j FOREIGN',
      '-A FOREIGN -s 192.0.2.1/32 -j ACCEPT',
    ])
    expect(await crowd(young.map((one) => ['DEL', withoutResult(one)]))).toEqual([])
    expect((await list()).filter((line) => /IPM-[AO]-|-A IPM-PODS/.test(line))).toEqual([])
  })

  const ends = [
    ['that ends well', false],
    ['whose tools are killed when they have done their work', true],
  ] as const
  test.each(ends)(
    'a sync that read the cache before a DEL does not bring the rules back: one %s',
    async (...end) => {
      const [, isKilled] = end
      const directory = await mkdtemp(join(tmpdir(), 'ip-masq-race-'))
      const network = await createCachedNetwork(node)
      await network.writeConflist({ backend: 'iptables' })
      await network.add('a', ['10.244.1.7/24', 'fd00::7/64'])
      await network.add('b', ['10.244.1.8/24', 'fd00::8/64'])
      await node.sh(tools.map((tool) => `${tool} -t nat -F; ${tool} -t nat -X`).join('\n'))
      // The DEL comes when sync lists the rules: it has read the cache by then, and libcni deletes the entry later.
      const config = JSON.stringify(withoutResult({ containerID: 'a' }).config)
      const script = `#!/bin/sh
if [ "$*" = "-w 10 -t nat -S" ] && mkdir ${directory}/once 2>/dev/null; then
  echo '${config}' | env -i PATH=/usr/sbin:/usr/bin:/bin CNI_COMMAND=DEL CNI_CONTAINERID=a CNI_IFNAME=eth0 CNI_PATH=/opt \\
    ${EXECUTABLES.native} >${directory}/out 2>&1 || echo failed >>${directory}/out
fi
exec /usr/sbin/iptables-${kind} "$@"\n`
      await writeFile(join(directory, `iptables-${kind}`), script, { mode: 0o755 })
      for (const tool of isKilled ? tools : []) {
        const restore = `#!/bin/sh\n/usr/sbin/${tool}-restore "$@" && kill -9 $$\n`
        await writeFile(join(directory, `${tool}-restore`), restore, { mode: 0o755 })
      }
      const { status, stdout } = await network.command('sync', { path: directory })
      expect(await readFile(join(directory, 'out'), 'utf8')).toBe('')
      if (!isKilled) expect(status).toBe(0)
      expect(stdout).not.toContain('(a eth0')
      if (!isKilled) expect((await list()).filter((line) => /^-N IPM-A-/.test(line))).toHaveLength(2)
      expect((await holders()).join()).not.toContain('10.244.1.7')
      // Nor does the next one, as long as the entry is there.
      await network.command('sync')
      expect((await holders()).join()).not.toContain('10.244.1.7')
      await network.delete()
      await rm(directory, { recursive: true })
    },
  )

  test('60 first ADDs at once', async () => {
    expect(
      await crowd(
        pods('first', 0, 60).map((one) => ['ADD', one]),
        60,
      ),
    ).toEqual([])
    expect(await holders()).toHaveLength(120)
  })
})

describe('turns', () => {
  let directory: string
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'ip-masq-turns-'))
  })
  afterEach(() => rm(directory, { recursive: true }))
  const standIns = async (script: (tool: string) => string): Promise<string> => {
    for (const tool of IPTABLES) await writeFile(join(directory, tool), script(tool), { mode: 0o755 })
    return `${directory}:/usr/bin:/bin`
  }

  test('no two calls run iptables at the same time, in one network namespace', async () => {
    const log = join(directory, 'log')
    const PATH = await standIns(
      (tool) => `#!/bin/sh
echo "begin $PPID" >> ${log}
/usr/sbin/${tool} "$@"
status=$?
echo "end $PPID" >> ${log}
exit $status\n`,
    )
    const calls = pods('turn', 0, 20).map((one) => ['ADD', { ...one, environment: { PATH } }] as const)
    expect(await crowd(calls, 20)).toEqual([])
    const lines = (await readFile(log, 'utf8')).trim().split('\n')
    const callers = lines.map((line) => line.split(' ')[1])
    // Each caller's lines follow each other: nobody else came in between.
    const changes = callers.filter((caller, i) => caller !== callers[i - 1])
    expect(changes).toHaveLength(new Set(callers).size)
  })

  test('a call that is killed gives its turn back', async () => {
    const PATH = await standIns(() => `#!/bin/sh\ntouch ${directory}/running\nexec /bin/sleep 300\n`)
    const killed = callPlugin(node, 'ADD', { ...pod('killed', 0), environment: { PATH } })
    await node.sh(`until [ -e ${directory}/running ]; do sleep 0.05; done
      for pid in $(ip netns pids ${node.name}); do
        [ "$(readlink /proc/$pid/exe)" = ${EXECUTABLES.native} ] && kill -9 $pid; done; true`)
    await killed
    expect((await callPlugin(node, 'ADD', pod('next', 1))).status).toBe(0)
  })

  test('a user other than root cannot hold us up', async () => {
    // In an IPC namespace of its own: the machine has one queue. It takes the turn of every network namespace.
    const take =
      'my $s = semget(0x69706d71, 64, 01666); semop($s, pack("s3", $_, 1, 0)) for 0 .. 63; print "taken"'
    const executable = `timeout -s KILL 20 unshare --ipc bash --norc -c 'setpriv --reuid 65534 --clear-groups perl -e "$TAKE" >&2 && exec ${EXECUTABLES.native}'`
    const reply = await callPlugin(node, 'ADD', { ...pod('a', 0), executable, environment: { TAKE: take } })
    expect(reply).toMatchObject({ status: 0, stderr: 'taken' })
  })
})
