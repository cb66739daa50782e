import { describe, expect, test } from 'vitest'
import { checkExecutables } from '../../../src/doctor/executable'
import type { Copy, Executables, Installed } from '../../../src/doctor/executables'
import { checkKinds, checkTools, type FoundTool } from '../../../src/doctor/tools'
import { digestIn } from '../../../src/install/record'

const PATH = '/opt/cni/bin/ip-masq'
const RUNNING = { version: '1.2.0', hash: 'aa' }
const INSTALLED: Installed = { path: PATH, hash: 'aa', version: '1.2.0', isRoots: true, recorded: 'aa' }

const found = (installed?: Installed, copies: readonly Copy[] = []): Executables => ({
  path: PATH,
  running: RUNNING,
  ...(installed && { installed }),
  copies,
  unread: [],
})
const check = (installed?: Installed, copies: readonly Copy[] = []) =>
  checkExecutables(found(installed, copies), true)

describe('the executable', () => {
  test('as it should be', () => {
    expect(check(INSTALLED)).toEqual([
      {
        check: 'executable',
        level: 'ok',
        what: '/opt/cni/bin/ip-masq is version 1.2.0, the one that runs now',
      },
      { check: 'executable-integrity', level: 'ok', what: '/opt/cni/bin/ip-masq is what install wrote' },
    ])
  })

  test.each([
    [true, 'error', 'conflists name it: every ADD and DEL fails'],
    [false, 'warning', 'no pod can use it'],
  ])('that is missing, where a conflist names it: %s', (isNamed, level, why) => {
    expect(checkExecutables(found(), isNamed)).toEqual([
      {
        ...{ check: 'executable', level, what: 'there is no /opt/cni/bin/ip-masq', why },
        mend: 'ip-masq install; or name the directory of executables with --bin-dir or --profile',
      },
    ])
  })

  test('of another version', () => {
    expect(check({ ...INSTALLED, hash: 'bb', recorded: 'bb', version: '1.1.0' })[0]).toEqual({
      check: 'executable',
      level: 'warning',
      what: '/opt/cni/bin/ip-masq is version 1.1.0, and this is version 1.2.0',
      why: 'pods use the first one: their rules may differ from what this command expects',
      mend: 'ip-masq install, to have this version there; or run /opt/cni/bin/ip-masq doctor',
    })
  })

  test('of this version, and another file', () => {
    expect(check({ ...INSTALLED, hash: 'bb', recorded: 'bb' })[0]).toEqual({
      check: 'executable',
      level: 'note',
      what: '/opt/cni/bin/ip-masq is version 1.2.0 too, and another file than the one that runs now',
    })
  })

  test('that does not run', () => {
    const { version: _, ...rest } = INSTALLED
    expect(check({ ...rest, hash: 'bb', failure: 'status 126' })).toEqual([
      {
        check: 'executable',
        level: 'error',
        what: '/opt/cni/bin/ip-masq does not run here: status 126',
        why: 'every ADD and DEL that needs it fails',
        mend: 'ip-masq install',
      },
    ])
  })

  test('that others can exchange', () => {
    expect(check({ ...INSTALLED, isRoots: false })[1]).toEqual({
      check: 'executable-owner',
      level: 'warning',
      what: 'users other than root can replace /opt/cni/bin/ip-masq',
      why: 'root runs it for each pod',
      mend: 'give it and all directories above it to root: chown root:root, chmod go-w',
    })
  })

  test('that was changed, and one that install did not write', () => {
    const { recorded: _, ...copied } = INSTALLED
    expect([check({ ...INSTALLED, recorded: 'bb' })[1], check(copied)[1]]).toEqual([
      {
        check: 'executable-integrity',
        level: 'warning',
        what: '/opt/cni/bin/ip-masq is not what install wrote: its SHA-256 is not the one in /opt/cni/bin/ip-masq.sha256',
        why: 'somebody replaced it, or it is damaged',
        mend: 'ip-masq install writes both again',
      },
      {
        check: 'executable-integrity',
        level: 'note',
        what: 'there is no /opt/cni/bin/ip-masq.sha256 to compare /opt/cni/bin/ip-masq with',
        why: 'install writes one; the executable came here in another way',
      },
    ])
  })

  test.each<[Copy, string, string]>([
    [{ path: '/usr/bin/ip-masq', hash: 'aa', version: '1.2.0' }, 'note', 'there is a copy, /usr/bin/ip-masq'],
    [
      { path: '/usr/bin/ip-masq', hash: 'bb', version: '1.2.0' },
      'note',
      'there is another file of the same version, /usr/bin/ip-masq',
    ],
    [
      { path: '/usr/bin/ip-masq', hash: 'bb', version: '1.0.0' },
      'warning',
      '/usr/bin/ip-masq is version 1.0.0, and /opt/cni/bin/ip-masq is version 1.2.0',
    ],
    [
      { path: '/usr/bin/ip-masq', hash: 'bb' },
      'warning',
      '/usr/bin/ip-masq is a file whose version is not known, and /opt/cni/bin/ip-masq is version 1.2.0',
    ],
  ])('and a copy %j', (copy, level, what) => {
    expect(check(INSTALLED, [copy])[2]).toMatchObject({ check: 'executable-copies', level, what })
  })

  test('and a place that cannot be looked at', () => {
    const unread = ['/root/bin/ip-masq: EACCES']
    expect(checkExecutables({ ...found(INSTALLED), unread }, true)[2]).toEqual({
      check: 'executable-copies',
      level: 'note',
      what: 'Cannot look for a copy at /root/bin/ip-masq: EACCES',
    })
  })
})

test.each([
  [`${'0a'.repeat(32)}  ip-masq\n`, '0a'.repeat(32)],
  [`${'0a'.repeat(32)} *ip-masq\n`, '0a'.repeat(32)],
  [`${'0a'.repeat(32)}  bridge\n`, undefined],
  ['', undefined],
])('the digest in %j', (text, digest) => {
  expect(digestIn(text)).toBe(digest)
})

describe('tools', () => {
  const nft: FoundTool = { name: 'nft', file: '/usr/sbin/nft', printed: 'nftables v1.0.6 (Lester Gooch #5)' }
  const iptables: FoundTool = {
    name: 'iptables',
    file: '/sbin/iptables',
    printed: 'iptables v1.8.9 (nf_tables)',
  }
  const ip: FoundTool = { name: 'ip', file: '/sbin/ip', printed: 'ip utility, iproute2-6.1.0' }
  const absent = (name: FoundTool['name']): FoundTool => ({ name })
  const NOTHING = { nft: false, iptables: false }

  test('that are all there', () => {
    expect(checkTools([nft, iptables, ip], NOTHING)).toEqual([
      { check: 'nft', level: 'ok', what: '/usr/sbin/nft: nftables v1.0.6 (Lester Gooch #5)' },
      { check: 'iptables', level: 'ok', what: '/sbin/iptables: iptables v1.8.9 (nf_tables)' },
      { check: 'ip', level: 'ok', what: '/sbin/ip: ip utility, iproute2-6.1.0' },
    ])
  })

  test('that are missing and not needed', () => {
    expect(checkTools([absent('nft'), absent('iptables'), absent('ip')], NOTHING)).toEqual([
      {
        ...{ check: 'nft', level: 'note', what: 'there is no nft' },
        ...{ why: 'rules can be written without it here', mend: 'install nftables 1.0.1 or later' },
      },
      {
        ...{ check: 'iptables', level: 'note', what: 'there is no iptables' },
        ...{ why: 'rules can be written without it here', mend: 'install iptables 1.6.2 or later' },
      },
      {
        ...{ check: 'ip', level: 'note', what: 'there is no command "ip"', mend: 'install iproute2' },
        why: 'so the routes of policy routing were not looked at. ip-masq itself does not need this command',
      },
    ])
  })

  test.each<[string, FoundTool, string]>([
    ['missing', absent('nft'), 'there is no nft'],
    [
      'too old',
      { ...nft, printed: 'nftables v0.9.3 (Topsy)' },
      '/usr/sbin/nft is version 0.9.3, which is too old',
    ],
    [
      'broken',
      { name: 'nft', file: '/usr/sbin/nft', failure: 'ends with status 127: libnftables.so.1' },
      '/usr/sbin/nft ends with status 127: libnftables.so.1',
    ],
  ])('that are needed, and %s', (_, tool, what) => {
    expect(checkTools([tool, iptables, ip], { ...NOTHING, nft: true })[0]).toEqual({
      check: 'nft',
      level: 'error',
      what,
      why: 'ADDs fail: rules can be written in no other way here',
      mend: 'install nftables 1.0.1 or later',
    })
  })

  test('one that was not started', () => {
    expect(checkTools([{ name: 'nft', file: '/usr/sbin/nft' }, iptables, ip], NOTHING)[0]).toEqual({
      check: 'nft',
      level: 'note',
      what: '/usr/sbin/nft was not asked for its version',
      why: 'starting it would load a part of the kernel (nfnetlink)',
    })
  })

  test('iptables by the names of its kinds alone', () => {
    const kind: FoundTool = {
      name: 'iptables-legacy',
      file: '/sbin/iptables-legacy',
      printed: 'iptables v1.6.1 (legacy)',
    }
    expect(checkTools([nft, absent('iptables'), kind, ip], NOTHING).map(({ what }) => what)).toEqual([
      '/usr/sbin/nft: nftables v1.0.6 (Lester Gooch #5)',
      '/sbin/iptables-legacy is version 1.6.1, which is too old',
      '/sbin/ip: ip utility, iproute2-6.1.0',
    ])
  })

  test('both kinds of iptables with rules', () => {
    expect(checkKinds({ nft: true, legacy: true })).toMatchObject([
      { check: 'iptables-kinds', level: 'note', what: 'both kinds of iptables have a nat table here' },
    ])
    expect([
      ...checkKinds({ nft: true, legacy: false }),
      ...checkKinds({ nft: false, legacy: true }),
    ]).toEqual([])
  })
})
