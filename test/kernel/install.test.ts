import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { overNft } from '../lab/carrier'
import { createInstallSite, type InstallSite, WITHOUT_RUNTIMES } from '../lab/install-site'
import type { Namespace } from '../lab/namespace'
import { patienceSeconds, pause } from '../lab/patience'
import { callPlugin, configWith, EXECUTABLES, runCommand, succeed } from '../lab/plugin'
import { podAddresses } from '../lab/table'

/** `ip-masq install` and `uninstall`, in directories of their own. */

let site: InstallSite
let node: Namespace
let [directory, binDir, confDir, cacheDir] = ['', '', '', '']
beforeEach(async () => {
  site = await createInstallSite('install')
  ;({ node, directory, binDir, confDir, cacheDir } = site)
})
afterEach(() => site.delete())

const CONFLIST = `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    { "type": "bridge", "ipMasq": true, "x-unknown": 1.50 },
    { "type": "portmap" }
  ]
}
`
const write = (name: string, text = CONFLIST) => writeFile(join(confDir, name), text)
const read = (name: string) => readFile(join(confDir, name), 'utf8')
const addOurs = (text: string) => text.replace('"portmap" }', '"portmap" },\n    { "type": "ip-masq" }')
const typesIn = async (name: string) =>
  JSON.parse(await read(name)).plugins.map(({ type }: { type: string }) => type)

const install = (options = '', more: { before?: string } = {}) =>
  run(`install --bin-dir ${binDir} --conf-dir ${confDir} ${options}`, more)
const uninstall = (options = '') =>
  run(`uninstall --bin-dir ${binDir} --conf-dir ${confDir} --cache-dir ${cacheDir} ${options}`)
const run = (line: string, { before = '' } = {}) =>
  runCommand(node, line, { before: `${WITHOUT_RUNTIMES}\n${before}` })

describe('install', () => {
  test('puts the executable in place and itself at the end of the chain, and again does nothing', async () => {
    await write('10-pods.conflist')
    const reply = await install()
    expect(reply).toMatchObject({
      status: 0,
      stderr: '',
      lines: [
        `installed ${binDir}/ip-masq`,
        `added ip-masq to ${confDir}/10-pods.conflist`,
        'left to do: bridge masquerades too (plugins[0].ipMasq), and ignores exemptions: use --disable-primary-masq',
        'left to do: no container runtime answers here; if new pods get no rule, restart the runtime (systemctl restart containerd)',
      ],
    })
    expect(await read('10-pods.conflist')).toBe(
      CONFLIST.replace(
        '    { "type": "portmap" }\n',
        '    { "type": "portmap" },\n    {\n      "type": "ip-masq"\n    }\n',
      ),
    )
    expect(await read('10-pods.conflist.ip-masq-backup')).toBe(CONFLIST)
    expect((await stat(join(binDir, 'ip-masq'))).mode & 0o777).toBe(0o755)
    const before = await stat(join(confDir, '10-pods.conflist'))
    expect((await install()).lines[0]).toBe('nothing to do')
    expect((await stat(join(confDir, '10-pods.conflist'))).ino).toBe(before.ino)
    expect((await readdir(confDir)).sort()).toEqual(['10-pods.conflist', '10-pods.conflist.ip-masq-backup'])
    expect((await readdir(binDir)).sort()).toEqual(['ip-masq', 'ip-masq.sha256'])
  })

  test('records the digest of the executable, and again after each change', async () => {
    await write('10-pods.conflist')
    const check = () => node.sh(`cd ${binDir}; sha256sum -c ip-masq.sha256; stat -c '%a %U' ip-masq.sha256`)
    await install()
    expect(await check()).toBe('ip-masq: OK\n644 root')
    for (const damage of [
      'echo x > ip-masq',
      'rm ip-masq.sha256',
      'echo x > ip-masq.sha256',
      'chmod 666 ip-masq.sha256',
    ]) {
      await node.sh(`cd ${binDir}; ${damage}`)
      await install()
      expect([damage, await check()]).toEqual([damage, 'ip-masq: OK\n644 root'])
    }
  })

  test('both artefacts install themselves, and what they install answers', async () => {
    await write('10-pods.conflist')
    const line = `install --bin-dir ${binDir} --conf-dir ${confDir}`
    expect(await node.sh(`${EXECUTABLES.node} ${line}`)).toContain('installed')
    const { status, json } = await callPlugin(node, 'VERSION', { executable: join(binDir, 'ip-masq') })
    expect({ status, json }).toMatchObject({ status: 0, json: { supportedVersions: expect.any(Array) } })
    // The other one takes its place, also while it runs.
    expect((await install()).lines[0]).toBe(`installed ${binDir}/ip-masq`)
  })

  test('takes the file that the runtime would take, or the network that is named', async () => {
    await write('05-first.conflist', CONFLIST.replace('"pods"', '"first"'))
    await write('10-pods.conflist')
    await install()
    expect([await typesIn('05-first.conflist'), await typesIn('10-pods.conflist')]).toEqual([
      ['bridge', 'portmap', 'ip-masq'],
      ['bridge', 'portmap'],
    ])
    await install('--network pods')
    expect(await typesIn('10-pods.conflist')).toEqual(['bridge', 'portmap', 'ip-masq'])
  })

  test('skips a directory with the name of a conflist, as libcni does, and refuses a link to one', async () => {
    await mkdir(join(confDir, '05-first.conflist'))
    await write('10-pods.conflist')
    expect(await install()).toMatchObject({ status: 0 })
    expect(await typesIn('10-pods.conflist')).toEqual(['bridge', 'portmap', 'ip-masq'])
    await symlink('05-first.conflist', join(confDir, '06-link.conflist'))
    expect(await install()).toMatchObject({
      status: 1,
      stderr: `Cannot use ${confDir}/06-link.conflist: it is a directory; the runtime takes this file first: repair or remove it, or name another network with --network`,
    })
  })

  test('says so if the config that is there makes every ADD fail', async () => {
    await write('10-pods.conflist', addOurs(CONFLIST).replace('"ip-masq"', '"ip-masq", "ipv4": 1'))
    const { status, lines } = await install()
    expect(status).toBe(0)
    expect(lines).toContain(
      `left to do: every ADD of network pods fails: Cannot use ipv4 1: write true or false; correct it in ${confDir}/10-pods.conflist`,
    )
  })

  test('with a config of its own, which is checked before anything is done; a new one takes its place', async () => {
    await write('10-pods.conflist')
    const config = join(directory, 'config.json')
    await writeFile(config, '{"nonMasqueradeCIDRs": ["10.1/8"]}')
    expect(await install(`--config ${config}`)).toMatchObject({
      status: 1,
      stderr: `Cannot use ${config}: Cannot use nonMasqueradeCIDRs[0] "10.1/8": write all four octets, as in "10.0.0.0/8"`,
    })
    await writeFile(config, '{"name": "pods"}')
    expect((await install(`--config ${config}`)).stderr).toBe(
      `Cannot use ${config}: name belongs to the conflist; write the keys of ip-masq alone`,
    )
    expect(await readdir(binDir)).toEqual([])
    for (const cidr of ['10.0.0.0/8', '10.0.0.0/16']) {
      await writeFile(config, JSON.stringify({ nonMasqueradeCIDRs: [cidr] }))
      expect((await install(`--config ${config}`)).status).toBe(0)
      const { plugins } = JSON.parse(await read('10-pods.conflist'))
      expect(plugins.slice(2)).toEqual([{ type: 'ip-masq', nonMasqueradeCIDRs: [cidr] }])
    }
  })

  describe.each(['native', 'node'] as const)('%s keeps', (form) => {
    const latin1 = (text: string) => Buffer.from(text, 'latin1')
    const bytes = (name: string) => readFile(join(confDir, name))
    const attributes = async (name: string) =>
      (await node.sh(`getfattr --absolute-names -d -m - ${join(confDir, name)}`)).split('\n').slice(1)
    const installBy = (options = '') =>
      node.sh(`${EXECUTABLES[form]} install --bin-dir ${binDir} --conf-dir ${confDir} ${options}`)

    test('bytes that are no UTF-8, and characters that are', async () => {
      const text = CONFLIST.replace('"portmap"', '"portmap", "x": "\xff\xfe caf\xe9 \xc3\xa9"')
      await writeFile(join(confDir, '10-pods.conflist'), latin1(text))
      const config = join(directory, 'config.json')
      await writeFile(config, '{"outInterfaces": ["b\u00fcro"]}')
      await installBy(`--config ${config} --disable-primary-masq`)
      const installed = (await bytes('10-pods.conflist')).toString('latin1')
      expect(installed).toContain('"x": "\xff\xfe caf\xe9 \xc3\xa9"')
      expect(installed).toContain('"b\xc3\xbcro"')
      expect(await bytes('10-pods.conflist.ip-masq-backup')).toEqual(latin1(text))
      expect((await uninstall()).status).toBe(0)
      expect(await bytes('10-pods.conflist')).toEqual(
        latin1(text.replace('"ipMasq": true', '"ipMasq": false')),
      )
    })

    test('owner, mode and extended attributes', async () => {
      await write('10-pods.conflist')
      const file = join(confDir, '10-pods.conflist')
      await node.sh(`chown 1234:4321 ${file}; chmod 640 ${file}
        setfattr -n user.origin -v ansible ${file}; setfattr -n user.empty ${file}
        setfattr -n trusted.note -v 0x00ff00 ${file}`)
      const before = await attributes('10-pods.conflist')
      expect(before).toHaveLength(3)
      await installBy()
      for (const name of ['10-pods.conflist', '10-pods.conflist.ip-masq-backup']) {
        expect(await attributes(name)).toEqual(before)
        const { uid, gid, mode } = await stat(join(confDir, name))
        expect([uid, gid, mode & 0o7777]).toEqual([1234, 4321, 0o640])
      }
      await uninstall()
      expect(await attributes('10-pods.conflist')).toEqual(before)
    })
  })

  test('--disable-primary-masq switches it off, and nothing else', async () => {
    await write('10-pods.conflist')
    const { stdout } = await install('--disable-primary-masq')
    expect(stdout).not.toContain('use --disable-primary-masq')
    // bridge removes the rules of running pods only while it masquerades.
    const advice = 'left to do: run ip-masq sync: until then running pods keep the masquerade rules of bridge'
    expect(stdout).toContain(advice)
    expect((await install('--disable-primary-masq')).stdout).not.toContain(advice)
    expect(await read('10-pods.conflist')).toContain(
      '{ "type": "bridge", "ipMasq": false, "x-unknown": 1.50 }',
    )
  })

  test('by drop-in, where it is asked for', async () => {
    await write('10-pods.conflist')
    expect((await install('--mode drop-in')).lines).toContain(
      `added ip-masq to network pods with the drop-in ${confDir}/pods/90-ip-masq.conf`,
    )
    expect(await read('10-pods.conflist')).toBe(CONFLIST)
    expect(JSON.parse(await read('pods/90-ip-masq.conf'))).toEqual({ type: 'ip-masq' })
    // A second run stays with it, whatever the runtime.
    expect((await install()).lines[0]).toBe('nothing to do')
    expect((await install('--mode patch')).stderr).toBe(
      `Cannot install into network pods with --mode patch: ip-masq is in ${confDir}/pods/90-ip-masq.conf already; leave out --mode, or run ip-masq uninstall first`,
    )
  })

  test('refuses a drop-in where the list is to be all, or has ip-masq already', async () => {
    await write('10-pods.conflist', CONFLIST.replace('"name"', '"loadOnlyInlinedPlugins": true,\n  "name"'))
    expect((await install('--mode drop-in')).stderr).toMatch(/sets loadOnlyInlinedPlugins; use --mode patch$/)
    await install()
    expect((await install('--mode drop-in')).stderr).toMatch(/ip-masq is in .*10-pods.conflist already/)
  })

  test('a link stays a link', async () => {
    await writeFile(join(directory, 'real.conflist'), CONFLIST)
    await symlink(join(directory, 'real.conflist'), join(confDir, '10-pods.conflist'))
    await install()
    expect(await readFile(join(directory, 'real.conflist'), 'utf8')).toContain('"ip-masq"')
    expect((await readdir(confDir, { withFileTypes: true }))[0]?.isSymbolicLink()).toBe(true)
  })

  test('the right executable in a read-only directory is fine, a missing directory is not', async () => {
    await write('10-pods.conflist')
    await install()
    const before = `mount --bind ${binDir} ${binDir}; mount -o remount,bind,ro ${binDir}`
    await rm(join(binDir, 'ip-masq.sha256'))
    expect(await install('', { before })).toMatchObject({ status: 0 })
    await rm(join(binDir, 'ip-masq'))
    expect((await install('', { before })).status).toBe(1)
    await rm(binDir, { recursive: true })
    expect((await install()).stderr).toBe(`Cannot install: there is no ${binDir}; use --bin-dir or --profile`)
    await mkdir(binDir)
  })

  test('where nothing may be executed, nothing is installed and no conflist is touched', async () => {
    await write('10-pods.conflist')
    const before = `mount -t tmpfs -o noexec none ${binDir}`
    expect((await install('', { before })).stderr).toMatch(/^Cannot install: .* does not run on this node/)
    expect(await read('10-pods.conflist')).toBe(CONFLIST)
  })

  test('--wait waits for a network, and none is made', async () => {
    expect((await install()).stderr).toBe(
      `Cannot install: there is no network in ${confDir} yet; the primary plugin creates it; use --wait to wait for it, or name another directory with --conf-dir`,
    )
    expect(await readdir(confDir)).toEqual([])
    const waiting = install(`--wait ${patienceSeconds(10)}s`)
    await pause(500)
    await write('10-pods.conflist')
    expect((await waiting).status).toBe(0)
    expect(await typesIn('10-pods.conflist')).toContain('ip-masq')
  })

  test.each([
    ['install --mode patchy', 'Cannot use --mode "patchy": write auto, drop-in or patch'],
    ['install --profile gke', /^Cannot use --profile "gke": write default, k3s, /],
    ['install --bin-dir bin', 'Cannot use --bin-dir "bin": write an absolute path'],
    ['install --wait soon', 'Cannot use --wait "soon": write a duration, as in 90s, 10m or 1h'],
    ['uninstall --mode patch', /^Cannot run ip-masq uninstall: there is no option --mode/],
  ])('%s', async (line, said) => {
    expect(await run(line)).toMatchObject({
      status: 2,
      stderr: typeof said === 'string' ? said : expect.stringMatching(said),
    })
  })
})

describe('as a user without rights', () => {
  test.each([
    ['install', 'writes files of root'],
    ['uninstall', 'writes files of root'],
    ['sync', 'changes firewall rules'],
    ['gc', 'changes firewall rules'],
  ])('%s says so, in one line', async (command, why) => {
    const said = await node.sh(
      `cd ${EXECUTABLES.native.replace(/\/[^/]*$/, '')}; setpriv --reuid=65534 --regid=65534 --clear-groups ./ip-masq ${command} 2>&1 || echo $?`,
    )
    expect(said).toBe(`Cannot run ip-masq ${command} as user 65534: it ${why}; run it as root\n1`)
  })

  test('sync runs where it may change rules', async () => {
    const line = `sync --conf-dir ${confDir} --cache-dir ${cacheDir}`
    expect(
      await node.sh(
        `cd ${EXECUTABLES.native.replace(/\/[^/]*$/, '')}
        setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=+net_admin,+dac_override --ambient-caps=+net_admin,+dac_override ./ip-masq ${line}`,
      ),
    ).toContain('0 attachments')
  })
})

describe('install leaves alone', () => {
  test('the config that is there, unless it is given another', async () => {
    const own = CONFLIST.replace('{ "type": "portmap" }', '{ "type": "ip-masq", "ipv6": false }')
    await write('10-pods.conflist', own)
    await install()
    expect(await read('10-pods.conflist')).toBe(own)
    await mkdir(join(confDir, 'other'))
    await writeFile(join(confDir, 'other', '20-o.conf'), '{"type":"ip-masq","ipv4":false}')
    await write('05-other.conflist', CONFLIST.replace('"pods"', '"other"'))
    await install()
    expect(await read('other/20-o.conf')).toBe('{"type":"ip-masq","ipv4":false}')
  })

  test.each([
    [
      'a plain .conf',
      '10-pods.conf',
      '{"cniVersion":"1.0.0","name":"n","type":"bridge"}',
      'Cannot add ip-masq to FILE: it holds one plugin and no list; write a .conflist with "plugins"',
    ],
  ])('%s', async (_, name, text, said) => {
    await write(name, text)
    expect(await install()).toMatchObject({
      status: 1,
      stderr: said.replace('FILE', join(confDir, name)),
    })
    expect(await read(name)).toBe(text)
    expect(await readdir(directory)).toEqual(['bin', 'cni', 'net.d'])
  })

  const FIRST =
    'the runtime takes this file first: repair or remove it, or name another network with --network'
  test.each([
    [
      'a broken file',
      '10-a.conflist',
      '{\n  "name": "a",\n  "plugins": [{ "type": "bridge" },]\n}',
      'line 3, column 36: write a value',
    ],
    [
      'a file that is cut short',
      '10-a.conflist',
      '{"name": ',
      'line 1, column 10: the text ends too early: write a value',
    ],
    ['an empty file', '10-a.conflist', '', 'it is empty'],
    [
      'a byte order mark',
      '10-a.conflist',
      `\ufeff${CONFLIST}`,
      'line 1, column 1: it begins with a byte order mark, which runtimes refuse; save it as UTF-8 without one',
    ],
    [
      'a key that is written twice',
      '10-a.conflist',
      '{"name":"n","plugins":[{"type":"a"}],"plugins":[{"type":"b"}]}',
      'line 1, column 38: this object already has this key, at line 1, column 13; keep one of the two',
    ],
    ['an empty list', '10-a.conflist', '{"name": "a", "plugins": []}', 'it has no list "plugins"'],
    [
      'a plugin without a type',
      '10-a.conflist',
      '{"name": "a", "plugins": [{"type": "bridge"}, {}]}',
      'plugins[1] has no "type"',
    ],
    [
      'a list in a .conf',
      '10-a.conf',
      CONFLIST,
      'it holds a list of plugins, and runtimes read a list only from a file that ends in .conflist: rename it',
    ],
    [
      'one plugin in a .conflist',
      '10-a.conflist',
      '{"cniVersion": "1.0.0", "name": "a", "type": "bridge"}',
      'it holds one plugin, and runtimes read a list from a file that ends in .conflist: write it as "plugins": [{ ... }], or name it .conf',
    ],
    [
      'a name that is a path',
      '10-a.conflist',
      '{"name": "..", "plugins": [{"type": "a"}]}',
      'its name ".." is not valid for a network',
    ],
  ])('the second file when the first is %s', async (_, name, text, said) => {
    await write(name, text)
    await write('87-podman-bridge.conflist')
    for (const mode of ['auto', 'drop-in']) {
      expect(await install(`--mode ${mode}`)).toMatchObject({
        status: 1,
        stderr: `Cannot use ${join(confDir, name)}: ${said}; ${FIRST}`,
      })
    }
    expect(await read(name)).toBe(text)
    expect(await read('87-podman-bridge.conflist')).toBe(CONFLIST)
    // The operator's word counts.
    expect(await install('--network pods')).toMatchObject({ status: 0 })
    expect(await typesIn('87-podman-bridge.conflist')).toEqual(['bridge', 'portmap', 'ip-masq'])
  })

  const SPEAKS =
    'and ip-masq supports 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0: every ADD would fail; write "cniVersion": "1.0.0", or use --set-cni-version 1.0.0'
  test.each([
    ['no cniVersion', '', 'it has no "cniVersion", which means 0.1.0'],
    ['an old cniVersion', '"cniVersion": "0.2.0",', 'its "cniVersion" is "0.2.0"'],
    ['an oldest cniVersion', '"cniVersion": "0.1.0",', 'its "cniVersion" is "0.1.0"'],
    ['a newer cniVersion', '"cniVersion": "1.2.0",', 'its "cniVersion" is "1.2.0"'],
  ])('a conflist with %s, unless it may write one', async (_, version, said) => {
    const text = CONFLIST.replace('"cniVersion": "1.0.0",', version)
    await write('10-pods.conflist', text)
    for (const mode of ['auto', 'drop-in']) {
      expect(await install(`--mode ${mode}`)).toMatchObject({
        status: 1,
        stderr: `Cannot add ip-masq to ${confDir}/10-pods.conflist: ${said}, ${SPEAKS}`,
      })
    }
    expect(await read('10-pods.conflist')).toBe(text)
    expect((await install('--set-cni-version 1.0.0')).status).toBe(0)
    expect(JSON.parse(await read('10-pods.conflist'))).toMatchObject({
      cniVersion: '1.0.0',
      plugins: [{ type: 'bridge' }, { type: 'portmap' }, { type: 'ip-masq' }],
    })
    expect(await read('10-pods.conflist.ip-masq-backup')).toBe(text)
  })

  test('a cniVersion that only runtimes of tomorrow speak is fine where the list offers another', async () => {
    await write('10-pods.conflist', CONFLIST.replace('"1.0.0"', '"1.2.0", "cniVersions": ["0.4.0", "1.0.0"]'))
    expect((await install()).status).toBe(0)
  })

  test.each([
    ['10-calico.conflist', '"type": "calico"', 'pods', 'Calico', 'calico'],
    ['05-cilium.conflist', '"type": "cilium-cni"', 'cilium', 'Cilium', 'cilium'],
    ['10-aws.conflist', '"type": "aws-cni"', 'aws-cni', 'the AWS VPC CNI', 'aws-vpc-cni'],
    ['10-azure.conflist', '"type": "azure-vnet"', 'azure', 'Azure CNI', 'azure-cni'],
    ['10-weave.conflist', '"type": "weave-net"', 'weave', 'Weave Net', 'weave-net'],
    ['10-antrea.conflist', '"type": "antrea"', 'antrea', 'Antrea', 'antrea'],
    [
      '10-kuberouter.conflist',
      '"type": "bridge", "bridge": "kube-bridge"',
      'mynet',
      'kube-router',
      'kube-router',
    ],
    ['10-ovn.conflist', '"type": "ovn-k8s-cni-overlay"', 'ovn', 'OVN-Kubernetes', 'ovn-kubernetes'],
    ['01-kube-ovn.conflist', '"type": "kube-ovn"', 'kube-ovn', 'Kube-OVN', 'kube-ovn'],
    ['10-kindnet.conflist', '"type": "ptp", "ipMasq": false', 'kindnet', 'kindnet', 'kindnet'],
    ['10-kindnet.conflist', '"type": "cni-kindnet"', 'kindnet', 'kindnet', 'kindnet'],
  ])('the network of a plugin that masquerades by nature: %s %s', async (file, keys, name, who, section) => {
    const text = CONFLIST.replace('"type": "bridge", "ipMasq": true', keys).replace('"pods"', `"${name}"`)
    await write(file, text)
    expect(await install()).toMatchObject({
      status: 1,
      stderr: `Cannot add ip-masq to ${join(confDir, file)}: ${who} masquerades by itself, and ip-masq cannot change that: switch that masquerade off first, and then use --force (docs/neighbours.md#${section})`,
    })
    expect(await read(file)).toBe(text)
    const page = await readFile(new URL('../../docs/neighbours.md', import.meta.url), 'utf8')
    const sections = [...page.matchAll(/^## (.*)$/gm)].map(([, title = '']) =>
      title.toLowerCase().replaceAll(' ', '-'),
    )
    expect(sections).toContain(section)
    expect((await install('--force')).status).toBe(0)
    // Who has it already has decided.
    expect((await install()).status).toBe(0)
  })

  describe('behind a plugin that delegates', () => {
    const conflist = (delegate: unknown) =>
      JSON.stringify({
        ...{ cniVersion: '1.0.0', name: 'multus-cni-network' },
        plugins: [{ type: 'multus', delegates: [{ type: 'macvlan', ipam: { type: 'antrea' } }, delegate] }],
      })

    test.each([
      ['a plugin', 'Calico', { type: 'calico' }],
      ['a list', 'Cilium', { name: 'cilium', plugins: [{ type: 'portmap' }, { type: 'cilium-cni' }] }],
      ['a list by its name', 'kindnet', { name: 'kindnet', plugins: [{ type: 'ptp' }] }],
      [
        'a delegate of a delegate',
        'Calico',
        { type: 'multus', delegates: [{ delegate: { type: 'calico' } }] },
      ],
    ])('a plugin that masquerades by nature: %s, %s', async (_, who, delegate) => {
      await write('00-multus.conflist', conflist(delegate))
      const { status, stderr } = await install()
      expect({ status, stderr }).toEqual({
        status: 1,
        stderr: expect.stringContaining(
          `Cannot add ip-masq to ${confDir}/00-multus.conflist: ${who} masquerades by itself`,
        ),
      })
      expect((await install('--force')).status).toBe(0)
    })

    test('an IPAM plugin of such a name is none', async () => {
      await write('00-multus.conflist', conflist({ name: 'pods', plugins: [{ type: 'bridge' }] }))
      expect((await install()).status).toBe(0)
    })
  })

  test.each([
    ['600', '600', '700'],
    ['640', '640', '750'],
    ['644', '644', '755'],
    ['666', '644', '755'],
  ])('a drop-in no more open than a conflist of mode %s', async (mode, file, folder) => {
    await write('10-pods.conflist')
    await node.sh(`chmod ${mode} ${confDir}/10-pods.conflist; chgrp 4321 ${confDir}/10-pods.conflist`)
    await install('--mode drop-in', { before: 'umask 000' })
    expect(await node.sh(`stat -c '%a %g' ${confDir}/pods/90-ip-masq.conf ${confDir}/pods`)).toBe(
      `${file} 4321\n${folder} 4321`,
    )
    // One that is too open is closed by the next run.
    await node.sh(`chmod 644 ${confDir}/pods/90-ip-masq.conf`)
    await install()
    expect(await node.sh(`stat -c %a ${confDir}/pods/90-ip-masq.conf`)).toBe(file)
  })

  test('everything on a full disk, and says what is wrong', async () => {
    await write('10-pods.conflist')
    const before = `mount -t tmpfs -o size=1m none ${binDir}`
    const { status, stderr } = await install('', { before })
    expect(status).toBe(1)
    expect(stderr).toBe(`Cannot write to ${binDir}/ip-masq: the disk is full; make room`)
    expect(await read('10-pods.conflist')).toBe(CONFLIST)
  })
})

describe('uninstall', () => {
  const NOTHING_TO_DO = () => `nothing to do: there is no ${binDir}/ip-masq`

  test.each(['patch', 'drop-in'])(
    'of a %s leaves the conflist as it was, and no executable',
    async (mode) => {
      await write('10-pods.conflist')
      await install(`--mode ${mode}`)
      const { status, lines } = await uninstall()
      expect({ status, last: lines.at(-1) }).toEqual({ status: 0, last: `removed ${binDir}/ip-masq` })
      expect(await read('10-pods.conflist')).toBe(CONFLIST)
      expect(await readdir(binDir)).toEqual([])
      expect(await uninstall()).toMatchObject({ status: 0, stdout: NOTHING_TO_DO() })
    },
  )

  describe('of a masquerade that install switched off', () => {
    const WARNING =
      /^left to do: new pods of .*10-pods.conflist leave the node with their own address, because install switched bridge's masquerade off \(plugins\[0\]\.ipMasq\): run ip-masq uninstall --restore-primary-masq to switch it on again$/

    test.each(['patch', 'drop-in'])('gives it back, and nothing else: %s', async (mode) => {
      await write('10-pods.conflist')
      await install(`--mode ${mode} --disable-primary-masq`)
      expect(await read('10-pods.conflist')).toContain('"ipMasq": false')
      const { status, lines } = await uninstall('--restore-primary-masq')
      expect({ status, lines }).toMatchObject({
        status: 0,
        lines: expect.arrayContaining([`switched masquerade on again in ${confDir}/10-pods.conflist`]),
      })
      expect(await read('10-pods.conflist')).toBe(CONFLIST)
      expect((await uninstall('--restore-primary-masq')).stdout).toBe(NOTHING_TO_DO())
    })

    test('without it, every run says what follows, and a later run gives it back', async () => {
      await write('10-pods.conflist')
      await install('--disable-primary-masq')
      expect((await uninstall()).lines.at(-1)).toMatch(WARNING)
      const again = await uninstall()
      expect(again).toMatchObject({ status: 0, lines: [NOTHING_TO_DO(), expect.stringMatching(WARNING)] })
      await uninstall('--restore-primary-masq')
      expect(await read('10-pods.conflist')).toBe(CONFLIST)
    })

    describe('without a usable backup', () => {
      const doubt = (file: string) => {
        const [path, backup] = [join(confDir, file), join(confDir, `${file}.ip-masq-backup`)]
        return `left to do: new pods of ${path} leave the node with their own address, because bridge does not masquerade (plugins[0].ipMasq is false), and without a usable ${backup} ip-masq cannot tell whether install switched it off: set plugins[0].ipMasq to true to masquerade them, or remove ${backup} to keep it off`
      }
      const backup = () => join(confDir, '10-pods.conflist.ip-masq-backup')
      const off = CONFLIST.replace('"ipMasq": true', '"ipMasq": false')

      test.each([
        ['removed', 'patch', '10-pods.conflist', () => rm(backup())],
        ['removed', 'drop-in', '10-pods.conflist', () => rm(backup())],
        ['empty', 'patch', '10-pods.conflist', () => writeFile(backup(), '')],
        ['cut short', 'patch', '10-pods.conflist', () => writeFile(backup(), CONFLIST.slice(0, 60))],
        ['cut short', 'drop-in', '10-pods.conflist', () => writeFile(backup(), CONFLIST.slice(0, 60))],
        ['no file', 'patch', '10-pods.conflist', () => rm(backup()).then(() => mkdir(backup()))],
        [
          'of another name',
          'patch',
          '20-pods.conflist',
          () => rename(join(confDir, '10-pods.conflist'), join(confDir, '20-pods.conflist')),
        ],
      ])('guesses nothing, and says so on every run: %s, %s', async (_, mode, file, lose) => {
        await write('10-pods.conflist')
        await install(`--mode ${mode} --disable-primary-masq`)
        await lose()
        for (let turn = 1; turn <= 3; turn++) {
          const { status, lines } = await uninstall('--restore-primary-masq')
          expect({ turn, status, last: lines.at(-1) }).toEqual({ turn, status: 1, last: doubt(file) })
          expect(lines.filter((line) => line.startsWith('left to do'))).toHaveLength(1)
          expect(await read(file)).toBe(off)
        }
        expect(await readdir(binDir)).toEqual([])
        expect(await uninstall()).toMatchObject({ status: 0, lines: [NOTHING_TO_DO(), doubt(file)] })
        await write(file)
        expect(await uninstall('--restore-primary-masq')).toMatchObject({
          status: 0,
          stdout: NOTHING_TO_DO(),
        })
      })

      test('ends the question for an operator who removes the backup', async () => {
        await write('10-pods.conflist', addOurs(off))
        expect(await uninstall('--restore-primary-masq')).toMatchObject({ status: 1 })
        expect(await read('10-pods.conflist')).toBe(off)
        await rm(backup())
        expect(await uninstall('--restore-primary-masq')).toMatchObject({
          status: 0,
          stdout: NOTHING_TO_DO(),
        })
      })

      test('install does not make one that says it was off from the start', async () => {
        await write('10-pods.conflist')
        await install('--disable-primary-masq')
        await rm(backup())
        const config = join(directory, 'config.json')
        await writeFile(config, '{"ipv6": false}')
        await install(`--config ${config}`)
        for (let turn = 1; turn <= 2; turn++) {
          expect(await uninstall('--restore-primary-masq')).toMatchObject({ status: 1 })
          await install()
        }
        expect((await uninstall('--restore-primary-masq')).lines.at(-1)).toBe(doubt('10-pods.conflist'))
      })

      test('says nothing of a network that ip-masq was never in, nor of one that was off before', async () => {
        await write('10-pods.conflist', off)
        await write('20-other.conflist', off.replace('"pods"', '"other"'))
        await install('--disable-primary-masq')
        const { status, stdout } = await uninstall('--restore-primary-masq')
        expect({ status, stdout }).toEqual({ status: 0, stdout: expect.not.stringContaining('left to do') })
        expect((await readdir(confDir)).sort()).toEqual([
          '10-pods.conflist',
          '10-pods.conflist.ip-masq-backup',
          '20-other.conflist',
        ])
      })
    })

    test.each(['patch', 'drop-in'])('gives back what an earlier install switched off: %s', async (mode) => {
      await write('10-pods.conflist')
      await install(`--mode ${mode} --disable-primary-masq`)
      await uninstall()
      await install(`--mode ${mode} --set-cni-version 1.1.0`)
      expect((await uninstall('--restore-primary-masq')).status).toBe(0)
      expect(await read('10-pods.conflist')).toBe(CONFLIST.replace('1.0.0', '1.1.0'))
    })

    test('leaves a plugin alone that was changed since, and says so', async () => {
      await write('10-pods.conflist')
      await install('--disable-primary-masq')
      await write('10-pods.conflist', (await read('10-pods.conflist')).replace('1.50', '2'))
      const { status, lines } = await uninstall('--restore-primary-masq')
      expect(status).toBe(1)
      expect(lines.at(-1)).toContain('the plugin was changed after that, so set plugins[0].ipMasq yourself')
      expect(await read('10-pods.conflist')).toBe(
        CONFLIST.replace('"ipMasq": true', '"ipMasq": false').replace('1.50', '2'),
      )
    })
  })

  test('stops short of the executable while attachments use it', async () => {
    await write('10-pods.conflist')
    await install()
    await succeed(node, 'ADD', { containerID: 'a', config: configWith() })
    const { status, lines } = await uninstall()
    expect({ status, lines }).toEqual({
      status: 1,
      lines: [
        `removed ip-masq from ${confDir}/10-pods.conflist`,
        expect.stringMatching(
          /^in use by a eth0, network cbr0 since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ: it has rules, and /,
        ),
        `left alone ${binDir}/ip-masq: 1 attachment still uses it, and its DEL needs it; run this again when it is gone, with --timeout to wait for that, or with --force`,
      ],
    })
    expect((await readdir(binDir)).sort()).toEqual(['ip-masq', 'ip-masq.sha256'])
    const waiting = uninstall(`--timeout ${patienceSeconds(20)}s`)
    await pause(500)
    await succeed(node, 'DEL', { containerID: 'a', config: configWith() })
    expect(await waiting).toMatchObject({ status: 0 })
    expect(await readdir(binDir)).toEqual([])
  })

  test('counts those that only the cache knows; --force does not wait', async () => {
    await write('10-pods.conflist')
    await install()
    const config = Buffer.from(await read('10-pods.conflist')).toString('base64')
    const entry = {
      kind: 'cniCacheV1',
      containerId: 'b',
      ifName: 'eth0',
      networkName: 'pods',
      config,
      result: {},
    }
    await writeFile(join(cacheDir, 'results', 'pods-b-eth0'), JSON.stringify(entry))
    expect((await uninstall()).status).toBe(1)
    expect(await uninstall('--force')).toMatchObject({ status: 0 })
    expect(await readdir(binDir)).toEqual([])
  })

  test.each(['nftables', 'iptables'])(
    '--force removes the rules too, and says first what that does: %s',
    async (backend) => {
      await write('10-pods.conflist')
      await install()
      await node.sh('iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE')
      const foreign = await node.sh('iptables -t nat -S')
      await succeed(node, 'ADD', {
        containerID: 'a',
        config: configWith(['10.244.1.7/24', 'fd00::7/64'], { backend }),
      })
      const { status, lines } = await uninstall('--force')
      expect({ status, lines: lines.slice(1) }).toEqual({
        status: 0,
        lines: [
          expect.stringMatching(
            /^in use by a eth0, network cbr0 since \S+Z: it has rules, and its network namespace still exists$/,
          ),
          'removing the rules of 1 attachment: open masqueraded connections are cut, new ones are not masqueraded, and DELs will fail',
          `removed ${binDir}/ip-masq`,
        ],
      })
      expect(await node.sh('nft list tables')).not.toContain('ip-masq')
      expect(await node.sh('iptables -t nat -S')).toBe(foreign)
      expect(await node.sh('ip6tables -t nat -S')).not.toContain('IPM')
    },
  )

  describe('with a tool that fails', () => {
    overNft()

    test('does not take a tool that fails for nobody', async () => {
      await write('10-pods.conflist')
      await install()
      await succeed(node, 'ADD', { containerID: 'a', config: configWith() })
      const tools = join(directory, 'tools')
      await mkdir(tools)
      await writeFile(join(tools, 'nft'), '#!/bin/sh\necho "Error: boom" >&2; exit 1\n', { mode: 0o755 })
      const line = `uninstall --bin-dir ${binDir} --conf-dir ${confDir} --cache-dir ${cacheDir}`
      expect(await runCommand(node, line, { path: tools })).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('Error: boom'),
      })
      expect((await readdir(binDir)).sort()).toEqual(['ip-masq', 'ip-masq.sha256'])
      expect(await podAddresses(node)).toHaveLength(1)
    })
  })

  test('counts what it cannot read', async () => {
    await write('10-pods.conflist')
    await install()
    await writeFile(join(cacheDir, 'results', 'pods-torn-eth0'), '{"kind": "cni')
    expect((await uninstall()).status).toBe(1)
    expect((await readdir(binDir)).sort()).toEqual(['ip-masq', 'ip-masq.sha256'])
  })

  test('appends to a log', async () => {
    await write('10-pods.conflist')
    await install()
    await writeFile(join(directory, 'log'), 'first\n')
    await node.sh(`${EXECUTABLES.native} uninstall --bin-dir ${binDir} --conf-dir ${confDir} --cache-dir ${cacheDir} >> ${directory}/log
      ${EXECUTABLES.native} uninstall --bin-dir ${binDir} --conf-dir ${confDir} --cache-dir ${cacheDir} >> ${directory}/log`)
    expect((await readFile(join(directory, 'log'), 'utf8')).split('\n').at(0)).toBe('first')
  })

  test('looks again after a wait: a primary plugin writes what it remembers', async () => {
    await write('10-pods.conflist')
    await install()
    const installed = await read('10-pods.conflist')
    await succeed(node, 'ADD', { containerID: 'a', config: configWith() })
    const waiting = uninstall(`--timeout ${patienceSeconds(20)}s`)
    await pause(1000)
    await write('10-pods.conflist', installed)
    await succeed(node, 'DEL', { containerID: 'a', config: configWith() })
    expect((await waiting).status).toBe(0)
    expect(await read('10-pods.conflist')).toBe(CONFLIST)
    expect(await readdir(binDir)).toEqual([])
  })

  test('follows links, of a conflist and of a directory of drop-ins', async () => {
    await writeFile(join(directory, 'real.conflist'), CONFLIST)
    await symlink(join(directory, 'real.conflist'), join(confDir, '10-pods.conflist'))
    await install()
    expect((await uninstall()).status).toBe(0)
    expect(await readFile(join(directory, 'real.conflist'), 'utf8')).toBe(CONFLIST)
    expect((await readdir(confDir, { withFileTypes: true }))[0]?.isSymbolicLink()).toBe(true)
    await mkdir(join(directory, 'dropins'))
    await symlink(join(directory, 'dropins'), join(confDir, 'pods'))
    await install('--mode drop-in')
    expect(await readdir(join(directory, 'dropins'))).toEqual(['90-ip-masq.conf'])
    expect((await uninstall()).status).toBe(0)
    expect(await readdir(join(directory, 'dropins'))).toEqual([])
  })

  test('never leaves a conflist that names what is gone', async () => {
    await write('10-pods.conflist')
    await install()
    await write('20-alone.conf', '{"cniVersion": "1.0.0", "name": "alone", "type": "ip-masq"}')
    expect((await uninstall('--force')).stderr).toBe(
      `Cannot remove ${binDir}/ip-masq: ${confDir}/20-alone.conf names it; take it out by hand`,
    )
    expect((await readdir(binDir)).sort()).toEqual(['ip-masq', 'ip-masq.sha256'])
  })
})
