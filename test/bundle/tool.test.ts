import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { overNft } from '../lab/carrier'
import { createNamespace, type Namespace } from '../lab/namespace'
import { patience } from '../lab/patience'
import { callPlugin, configWith, EXECUTABLES, type PluginCall, PREFIX } from '../lab/plugin'

/**
 * An nft that is missing, broken or hanging. The broken ones are scripts: the real one cannot be made to fail like
 * that on demand.
 */

overNft()

let node: Namespace
let directory: string
beforeAll(async () => {
  node = await createNamespace('tool')
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-tool-'))
})
afterAll(async () => {
  await node.delete()
  await rm(directory, { recursive: true })
})

/** The environment of a call that finds this script as nft before the real one. */
async function brokenNft(name: string, script: string, mode = 0o755): Promise<PluginCall> {
  const path = await mkdtemp(join(directory, name))
  await writeFile(join(path, 'nft'), script, { mode })
  return { environment: { PATH: path } }
}

/** Hides the machine's own nft. Debian's /sbin and /usr/sbin are one. */
const hidden = 'for d in /usr/sbin /usr/local/sbin; do mount -t tmpfs none $d; done'

/** Otherwise ADD goes on to iptables (test/kernel/backends.test.ts). */
const INSISTING = configWith(['10.244.1.7/24'], { backend: 'nftables' })

describe.concurrent.each(Object.entries(EXECUTABLES))('%s', (_, executable) => {
  const call = (command: string, options: PluginCall = {}) =>
    callPlugin(node, command, { executable, config: INSISTING, ...options })

  test('finds nft without a PATH', async ({ expect }) => {
    expect(await call('ADD', { environment: { PATH: undefined } })).toMatchObject({ status: 0 })
    expect(await call('DEL', { environment: { PATH: 'bin:.::' } })).toMatchObject({ status: 0, stderr: '' })
  })

  test('does not run an nft of the working directory', async ({ expect }) => {
    const { environment } = await brokenNft('cwd', '#!/bin/sh\nexit 9\n')
    const reply = await call('ADD', { before: `cd ${environment?.PATH}`, environment: { PATH: ':.' } })
    expect(reply).toMatchObject({ status: 0 })
  })

  test('without nft: ADD and CHECK say where they looked, DEL goes on', async ({ expect }) => {
    const options = { before: hidden, environment: { PATH: '/nowhere:/usr/bin' } }
    for (const [command, action] of [
      ['ADD', 'install the rules'],
      ['CHECK', 'check the rules'],
    ] as const) {
      const { status, json } = await call(command, options)
      expect(status).toBe(1)
      expect(json).toMatchObject({
        code: 5,
        msg: `Cannot ${action}: nft could not be started; install nftables if it is missing`,
        details: expect.stringContaining('/nowhere/nft: ENOENT, /usr/bin/nft: ENOENT, /usr/sbin/nft: ENOENT'),
      })
    }
    const { status, stdout, stderr } = await call('DEL', options)
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' })
    expect(stderr).toMatch(/^ip-masq [\d.]+: DEL may have left rules behind: .*ENOENT/)
  })

  test('with an nft that is not executable: looks on, and names it if there is no other', async ({
    expect,
  }) => {
    const options = await brokenNft('mode', '', 0o644)
    expect(await call('ADD', options)).toMatchObject({ status: 0 })
    const { json } = await call('ADD', { ...options, before: hidden })
    expect(json).toMatchObject({
      code: 5,
      details: expect.stringContaining(`${options.environment?.PATH}/nft: EACCES, /usr/sbin/nft: ENOENT`),
    })
  })

  test('with an nft that hangs: killed well before the runtime gives up', async ({ expect }) => {
    const options = await brokenNft('hangs', "#!/bin/sh\ntrap '' TERM\n/bin/sleep 100\n")
    const started = performance.now()
    const [add, del] = await Promise.all([call('ADD', options), call('DEL', options)])
    expect(performance.now() - started).toBeLessThan(patience(60_000))
    expect(add.json).toMatchObject({
      code: 11,
      msg: expect.stringMatching(
        /^Cannot install the rules: nft was killed after (?:1\d|20)\d{3} ms; try again$/,
      ),
    })
    expect(del).toMatchObject({ status: 0, stdout: '' })
    expect(del.stderr).toMatch(
      /^ip-masq [\d.]+: DEL may have left rules behind: nft was killed after (?:1\d|20)\d{3} ms$/,
    )
  })

  test('with an nft that leaves a process behind: that one is killed at the deadline too', async ({
    expect,
  }) => {
    const log = join(directory, `forked-${executable.length}`)
    // The child keeps stdout open, so that the call waits for it, and goes on after its parent has gone.
    const child = `trap '' TERM HUP; echo started >> ${log}; /bin/sleep 24; echo survived >> ${log}`
    const options = await brokenNft('forks', `#!/bin/sh\n(${child}) &\n/bin/true\n`)
    const started = performance.now()
    expect((await call('ADD', options)).json).toMatchObject({
      code: 11,
      msg: expect.stringMatching(/nft was killed after (?:1\d|20)\d{3} ms; try again$/),
    })
    await sleep(Math.max(0, 26_000 - (performance.now() - started)))
    expect(await readFile(log, 'utf8')).toBe('started\n')
  })

  test('with an nft that fails: its first line in the error, DEL goes on', async ({ expect }) => {
    const options = await brokenNft(
      'fails',
      '#!/bin/sh\necho "netlink: Error: of some sort" >&2; echo more >&2; exit 1\n',
    )
    expect((await call('ADD', options)).json).toMatchObject({
      code: 100,
      msg: 'Cannot install the rules: nft refused the request',
      details: 'netlink: Error: of some sort',
    })
    expect(await call('DEL', options)).toMatchObject({
      status: 0,
      stderr: `${PREFIX}DEL may have left rules behind: netlink: Error: of some sort`,
    })
  })

  test('with an nft that refuses to delete what DEL saw: DEL fails, and says what nft said', async ({
    expect,
  }) => {
    const pod = { containerID: `stuck-${executable.length}`, config: configWith(['10.244.9.9/24']) }
    expect(await call('ADD', pod)).toMatchObject({ status: 0 })
    const script = `#!/bin/bash
      PATH=/usr/sbin:/usr/bin:/bin; input=$(cat)
      [[ $input == *"delete element"* ]] && echo "Error: of some sort" >&2 && exit 1
      exec nft "$@" <<< "$input"`
    const { environment } = await brokenNft('refuses', script)
    for (const config of [pod.config, '']) {
      expect(await call('DEL', { ...pod, config, environment: { ...environment } })).toMatchObject({
        status: 1,
        json: {
          code: 100,
          msg: 'Cannot remove the rules: nft refused the request',
          details: 'Error: of some sort',
        },
      })
    }
    expect(await call('DEL', pod)).toMatchObject({ status: 0, stderr: '' })
  })

  test('with an nft that cannot be loaded: not taken for a missing table', async ({ expect }) => {
    const said =
      'nft: error while loading shared libraries: libnftables.so.1: cannot open shared object file: No such file or directory'
    const options = await brokenNft('unloadable', `#!/bin/sh\necho '${said}' >&2; exit 127\n`)
    expect((await call('ADD', options)).json).toMatchObject({ code: 5, details: said })
    expect(await call('DEL', options)).toMatchObject({ status: 0, stdout: '' })
  })

  test('with warnings before what nft says', async ({ expect }) => {
    const script =
      '#!/bin/bash\necho "nft: /lib/x.so: no version information available" >&2\nPATH=/usr/sbin:/usr/bin exec nft "$@"\n'
    const options = { ...(await brokenNft('warns', script)), containerID: 'warned' }
    const config = configWith(['10.244.9.8/24'], { nonMasqueradeCIDRs: [`192.0.2.${executable.length}/32`] })
    expect(await call('ADD', { ...options, config })).toMatchObject({ status: 0 })
    expect(await call('DEL', { ...options, config })).toMatchObject({ status: 0, stderr: '' })
  })

  test('with an nft that is killed', async ({ expect }) => {
    const options = await brokenNft('killed', '#!/bin/sh\nkill -9 $$\n')
    expect((await call('ADD', options)).json).toMatchObject({
      code: 11,
      msg: 'Cannot install the rules: nft was killed by SIGKILL; try again',
    })
    expect(await call('DEL', options)).toMatchObject({ status: 0 })
  })

  test('with an nft that says nothing', async ({ expect }) => {
    const options = await brokenNft('silent', '#!/bin/sh\nexit 3\n')
    expect((await call('ADD', options)).json).toMatchObject({
      code: 100,
      details: 'nft ended with status 3 and printed no error',
    })
  })

  test('with an nft that is too old: says which one is needed', async ({ expect }) => {
    const script =
      '#!/bin/sh\n[ "$1" = --version ] && echo "nftables v0.9.8 (E.D.S.)" && exit\necho "syntax error" >&2; exit 1\n'
    expect((await call('ADD', await brokenNft('old', script))).json).toMatchObject({
      code: 100,
      msg: 'Cannot install the rules: nft refused the request; this is nft 0.9.8, install 1.0.1 or later',
      details: 'syntax error',
    })
  })

  test('without CAP_NET_ADMIN', async ({ expect }) => {
    const unprivileged = `setpriv --bounding-set=-net_admin --inh-caps=-net_admin ${executable}`
    const options = { executable: unprivileged }
    expect((await call('ADD', options)).json).toMatchObject({
      code: 100,
      msg: 'Cannot install the rules: CAP_NET_ADMIN is missing; give it to the container or systemd unit that starts ip-masq',
      details: expect.stringContaining('Operation not permitted'),
    })
    expect(await call('DEL', options)).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('Operation not permitted'),
    })
  })
})
