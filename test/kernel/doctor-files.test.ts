import { chmod, chown, copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createDoctorSite, type DoctorSite, type Finding } from '../lab/doctor-site'
import { EXECUTABLES, runCommand } from '../lab/plugin'

/** What `ip-masq doctor` finds in files: the executable, conflists, result caches. */

let site: DoctorSite
let [binDir, confDir, cacheDir] = ['', '', '']
beforeEach(async () => {
  site = await createDoctorSite('doctor')
  binDir = site.binDir
  ;({ confDir, cacheDir } = site.network)
})
afterEach(() => site.delete())

const short = ({ level, what }: Finding) =>
  `${level}: ${what.replaceAll(confDir, 'CONF').replaceAll(binDir, 'BIN')}`
const find = async (check: string, options = '') => (await site.findingsOf(check, options)).map(short)
const conflist = (name: string, ...plugins: object[]) =>
  JSON.stringify({ cniVersion: '1.0.0', cniVersions: ['1.0.0', '1.1.0'], name, plugins })
const write = (file: string, text: string) => writeFile(join(confDir, file), text)

describe('the executable', () => {
  test('that is not there', async () => {
    await rm(join(binDir, 'ip-masq'))
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ level }) => level === 'error').map(short)).toEqual([
      'error: there is no BIN/ip-masq',
    ])
  })

  test('that somebody has changed', async () => {
    await site.node.sh(`echo '# one more byte' >> ${binDir}/ip-masq`)
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ group }) => group === 'executable').map(short)).toEqual([
      expect.stringMatching(
        /^note: BIN\/ip-masq is version \S+ too, and another file than the one that runs now$/,
      ),
      'warning: BIN/ip-masq is not what install wrote: its SHA-256 is not the one in BIN/ip-masq.sha256',
    ])
  })

  test('of an older version', async () => {
    await writeFile(join(binDir, 'ip-masq'), '#!/bin/sh\necho 0.0.9\n')
    expect((await find('executable'))[0]).toMatch(
      /^warning: BIN\/ip-masq is version 0\.0\.9, and this is version /,
    )
  })

  test('that does not run here', async () => {
    await writeFile(join(binDir, 'ip-masq'), '#!/bin/sh\necho wrong architecture >&2; exit 1\n')
    expect(await find('executable')).toEqual(['error: BIN/ip-masq does not run here: wrong architecture'])
  })

  test('that another user can exchange is not started', async () => {
    const file = join(binDir, 'ip-masq')
    await writeFile(file, `#!/bin/sh\ntouch ${binDir}/started\n`)
    await chown(file, 65534, 65534)
    expect(await find('executable-owner')).toEqual(['warning: users other than root can replace BIN/ip-masq'])
    expect((await find('executable'))[0]).toMatch(
      /^warning: BIN\/ip-masq is a file whose version is not known, /,
    )
    await expect(readFile(join(binDir, 'started'))).rejects.toThrow('ENOENT')
  })

  test('that came without install', async () => {
    await rm(join(binDir, 'ip-masq.sha256'))
    const { status, findings } = await site.examine()
    expect(status).toBe(0)
    expect(findings.filter(({ check }) => check === 'executable-integrity').map(short)).toEqual([
      'note: there is no BIN/ip-masq.sha256 to compare BIN/ip-masq with',
    ])
  })

  test('that is called as a file of Node.js', async () => {
    const { status, findings } = await site.examine('', { executable: EXECUTABLES.node })
    expect(findings.filter(({ level }) => !['ok', 'note'].includes(level))).toEqual([])
    expect(status).toBe(0)
    expect(
      findings
        .filter(({ check }) => ['nf-tables', 'drift', 'check', 'postrouting-order'].includes(check))
        .map(short),
    ).toEqual([
      'ok: nf_tables answers (by nft)',
      'ok: 1 attachment has the rules that the conflists ask for',
      'ok: CHECK succeeds: tried for a pod of the one policy',
      'ok: our chain comes first (priority 99); after it: no other source NAT in nf_tables',
    ])
  })

  test('of which there is a copy in the PATH, the same or an older one', async () => {
    const other = join(binDir, 'other')
    await mkdir(other)
    const copies = async () =>
      (await site.examine('', { path: other })).findings
        .filter(({ check }) => check === 'executable-copies')
        .map(short)
    expect(await copies()).toEqual([])
    await copyFile(join(binDir, 'ip-masq'), join(other, 'ip-masq'))
    expect(await copies()).toEqual(['note: there is a copy, BIN/other/ip-masq'])
    await writeFile(join(other, 'ip-masq'), '#!/bin/sh\necho 0.0.9\n')
    expect(await copies()).toEqual([
      expect.stringMatching(
        /^warning: BIN\/other\/ip-masq is version 0\.0\.9, and BIN\/ip-masq is version \d/,
      ),
    ])
  })
})

describe('conflists', () => {
  test('a broken file that the runtime takes first', async () => {
    await write('05-first.conflist', '{ "name": "first", ')
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ check }) => check === 'conflists')).toMatchObject([
      {
        level: 'error',
        what: expect.stringMatching(
          /^Cannot use .*05-first\.conflist: .*; the runtime takes this file first: repair or remove it$/,
        ),
        mend: `ip-masq validate ${confDir}`,
      },
    ])
  })

  test('a directory with the name of a conflist, which runtimes skip', async () => {
    await mkdir(join(confDir, '05-first.conflist'))
    const { status, findings } = await site.examine()
    expect(findings.filter(({ check }) => check === 'conflists').map(short)).toEqual([
      'ok: the runtime takes CONF/10-pods.conflist first (network cbr0), and that has ip-masq',
      'note: CONF/05-first.conflist is a directory, and runtimes read files only: they skip it',
    ])
    expect(status).toBe(0)
  })

  test('a link to a directory, with which libcni reads nothing', async () => {
    await mkdir(join(confDir, 'directory'))
    await symlink('directory', join(confDir, '05-first.conflist'))
    const { status, findings } = await site.examine()
    expect(findings.filter(({ check }) => check === 'conflists').map(short)).toEqual([
      'error: Cannot use CONF/05-first.conflist: it is a directory; the runtime takes this file first: repair or remove it',
    ])
    expect(status).toBe(1)
  })

  test('a file without ip-masq that the runtime takes first', async () => {
    await write('05-first.conflist', conflist('first', { type: 'bridge' }))
    expect(await find('conflists')).toEqual([
      'warning: the runtime takes CONF/05-first.conflist first (network first), and ip-masq is in CONF/10-pods.conflist (network cbr0) only',
    ])
  })

  test('a broken file that the runtime takes later', async () => {
    await write('20-later.conflist', '{ "name": "later" }')
    expect(await find('conflists')).toEqual([
      'ok: the runtime takes CONF/10-pods.conflist first (network cbr0), and that has ip-masq',
      'warning: CONF/20-later.conflist: it has no list of plugins: write "plugins": [...]',
    ])
  })

  test('none with ip-masq, none at all, and no directory', async () => {
    await write('10-pods.conflist', conflist('cbr0', { type: 'bridge' }))
    expect(await find('conflists')).toEqual(['warning: no file in CONF has ip-masq (1 file)'])
    await rm(join(confDir, '10-pods.conflist'))
    expect(await find('conflists')).toEqual(['warning: there is no conflist in CONF'])
    await rm(confDir, { recursive: true })
    const { status, findings } = await site.examine()
    expect(status).toBe(2)
    expect(findings.filter(({ check }) => check === 'conflists').map(short)).toEqual([
      'unseen: Cannot look at conflists: there is no directory CONF',
    ])
  })

  test('a key that cannot be used, ip-masq in front, no version', async () => {
    await write(
      '10-pods.conflist',
      JSON.stringify({ name: 'cbr0', plugins: [{ type: 'ip-masq', nonMasqueradeCIDRs: ['10.1/8'] }] }),
    )
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ check }) => check === 'networks').map(short)).toEqual([
      'error: network cbr0 (CONF/10-pods.conflist): Cannot use nonMasqueradeCIDRs[0] "10.1/8": write all four octets, as in "10.0.0.0/8"',
      'error: network cbr0 (CONF/10-pods.conflist): ip-masq is the first plugin, so no plugin before it gives the pod an address',
      expect.stringMatching(
        /^error: network cbr0 \(CONF\/10-pods\.conflist\): it has no "cniVersion", which means 0\.1\.0/,
      ),
    ])
    // One fault is one finding.
    expect(findings.filter(({ what }) => what.includes('10.1/8'))).toHaveLength(1)
  })

  test('a primary plugin that masquerades too, and one that does so by itself', async () => {
    expect(await find('primary-masquerade')).toEqual([])
    await write('10-pods.conflist', conflist('cbr0', { type: 'bridge', ipMasq: true }, { type: 'ip-masq' }))
    expect(await find('primary-masquerade')).toEqual([
      'warning: network cbr0 (CONF/10-pods.conflist): bridge masquerades too (plugins[0].ipMasq)',
    ])
    await write('10-pods.conflist', conflist('cbr0', { type: 'calico' }, { type: 'ip-masq' }))
    expect(await find('primary-masquerade')).toEqual([
      'note: network cbr0 (CONF/10-pods.conflist): Calico masquerades by itself, unless that is switched off',
    ])
  })

  test('a drop-in, and no runtime that is known to read it', async () => {
    expect(await find('drop-ins')).toEqual([])
    await write('10-pods.conflist', conflist('cbr0', { type: 'bridge' }))
    await mkdir(join(confDir, 'cbr0'))
    await write('cbr0/90-ip-masq.conf', '{ "type": "ip-masq" }')
    expect(await find('drop-ins')).toEqual([
      'note: ip-masq is a drop-in (CONF/cbr0/90-ip-masq.conf), and no runtime answers here',
    ])
  })

  test('a backend that this node has not got', async () => {
    await site.network.writeConflist({ backend: 'iptables' })
    const hide = ['', '-nft', '-legacy']
      .map((kind) => `mount --bind /dev/null /usr/sbin/iptables${kind}-restore`)
      .join('\n')
    const { status, findings } = await site.examine('', { before: hide })
    expect(status).not.toBe(0)
    expect(findings.filter(({ check }) => check === 'backends').map(short)).toEqual([
      expect.stringMatching(/^error: an ADD of network cbr0 fails: iptables-restore cannot be started: /),
    ])
  })
})

describe('result caches', () => {
  test('that are not there', async () => {
    const { status, findings } = await site.examine(`--cache-dir ${cacheDir}/elsewhere`)
    expect(status).toBe(2)
    expect(findings.filter(({ check }) => check === 'result-caches').map(short)).toEqual([
      expect.stringMatching(/^ok: read .*\/cni\/results \(containerd or CRI-O\)$/),
      `unseen: Cannot tell which pods are here: there is no result cache ${cacheDir}/elsewhere/results`,
    ])
  })

  test('that may not be read', async () => {
    await chmod(join(cacheDir, 'results'), 0o000)
    await chmod(join(confDir, '..'), 0o755)
    await chmod(binDir, 0o755)
    const { status, findings } = await site.examine('', {
      before:
        'exec() { setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --inh-caps=-all "$@"; exit $?; }',
      executable: join(binDir, 'ip-masq'),
    })
    expect(status).toBe(2)
    expect(findings.filter(({ level, check }) => level === 'unseen' && check === 'drift').map(short)).toEqual(
      [
        `unseen: Cannot read the result cache ${cacheDir}/results: user 65534 has no permission; run it as root`,
      ],
    )
  })
})

test('a watch is seen, of this network namespace only', async () => {
  expect(await find('keeper')).toEqual(['note: no "ip-masq sync --watch" is seen to run'])
  const watch = site.node.start(
    join(binDir, 'ip-masq'),
    'sync',
    '--watch',
    '--conf-dir',
    confDir,
    '--cache-dir',
    cacheDir,
  )
  await new Promise((resolve) => watch.stdout?.once('data', resolve))
  expect(await find('keeper')).toEqual([
    `ok: process ${watch.pid} keeps the rules: ip-masq sync --watch --conf-dir CONF --cache-dir ${cacheDir}`,
  ])
  const other = await createDoctorSite('other')
  try {
    expect((await other.findingsOf('keeper')).map(({ level }) => level)).toEqual(['note'])
  } finally {
    await other.delete()
  }
})

test('in a container: everything is that of the host, which is mounted there', async () => {
  const root = join(binDir, 'host')
  const before = `mkdir -p ${root}; mount --rbind / ${root}`
  const { status, findings } = await site.examine(`--root ${root}`, { before })
  expect(findings.filter(({ level }) => !['ok', 'note'].includes(level))).toEqual([])
  expect(status).toBe(0)
  const none = await runCommand(site.node, `doctor --json --root ${root}/none`)
  expect([none.status, none.stdout, none.stderr]).toEqual([
    2,
    '',
    `Cannot enter ${root}/none: it is not a directory; mount the host's / there`,
  ])
})
