import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { makeOld } from '../lab/cached-network'
import { createDoctorSite, type DoctorSite, type Finding } from '../lab/doctor-site'
import { configWith, succeed } from '../lab/plugin'
import { WRITABLE_PROC } from '../lab/proc'
import { without } from '../lab/tools'

/** `ip-masq doctor` on a node on which one thing after the other goes wrong, and on one on which nothing does. */

let site: DoctorSite
beforeEach(async () => {
  site = await createDoctorSite('doctor')
})
afterEach(() => site.delete())

const short = ({ level, what }: Finding) => `${level}: ${what}`

describe('a healthy node', () => {
  test('has no warning and no error; each check says that it looked', async () => {
    const { status, findings } = await site.examine()
    expect(findings.filter(({ level }) => !['ok', 'note'].includes(level))).toEqual([])
    expect(status).toBe(0)
    expect(findings.map(({ group, check, level }) => `${group}: ${check} ${level}`)).toEqual([
      'executable: executable ok',
      'executable: executable-integrity ok',
      'tools: nft ok',
      ...Array(3).fill('tools: iptables ok'),
      'tools: ip ok',
      'kernel: privileges ok',
      'kernel: kernel-version ok',
      'kernel: nf-tables ok',
      'kernel: kernel-nat ok',
      'kernel: backends ok',
      'forwarding: ipv4-forwarding ok',
      'forwarding: ipv6-forwarding ok',
      'forwarding: reverse-path-filter ok',
      expect.stringMatching(/^forwarding: bridge-netfilter (ok|note)$/),
      'networks: conflists ok',
      'networks: networks ok',
      'networks: result-caches ok',
      'rules: drift ok',
      'rules: check ok',
      'rules: foreign-masquerade ok',
      'rules: postrouting-order ok',
      'rules: keeper note',
      'connections: conntrack-table ok',
      expect.stringMatching(/^connections: conntrack-losses (ok|note)$/),
      'connections: source-ports ok',
    ])
  })

  test('is left as it is', async () => {
    const { node } = site
    const look = () =>
      node.sh(`nft -a list ruleset | sed 's/expires [^ ]*//'; cat /proc/net/ip_tables_names /proc/net/ip6_tables_names
        find ${site.network.confDir} ${site.network.cacheDir} ${site.binDir} -printf '%p %T@ %C@ %i\\n' | sort`)
    const before = await look()
    await site.examine()
    expect(await look()).toBe(before)
  })

  test('without pods is healthy too', async () => {
    await site.network.del('a')
    const { status, findings } = await site.examine()
    expect(status).toBe(0)
    expect(findings.filter(({ check }) => check === 'drift').map(short)).toEqual([
      'ok: there is no attachment here that should have rules',
    ])
  })

  test.each(['nft', 'legacy'])('with rules in iptables-%s is healthy too', async (kind) => {
    const { node, network } = site
    await network.del('a')
    await node.sh('nft delete table inet ip-masq')
    if (kind === 'legacy') await node.sh('iptables-legacy -t mangle -N KUBE-IPTABLES-HINT')
    await network.writeConflist({ backend: 'iptables' })
    await network.add('b', ['10.244.1.8/24', 'fd00::8/64'])
    const { status, findings } = await site.examine()
    expect(findings.filter(({ level }) => !['ok', 'note'].includes(level))).toEqual([])
    expect(status).toBe(0)
    expect(
      findings.filter(({ check }) => ['drift', 'check', 'foreign-masquerade'].includes(check)).map(short),
    ).toEqual([
      'ok: 1 attachment has the rules that the conflists ask for',
      'ok: CHECK succeeds: tried for a pod of the one policy',
      expect.stringMatching(/^ok: nobody else masquerades towards exempt destinations/),
    ])
    await node.sh(`iptables-${kind} -t nat -F IPM-PODS`)
    expect((await site.findingsOf('drift')).map(({ level }) => level)).toContain('error')
  })

  test('as a person reads it', async () => {
    const { status, lines } = await site.network.command(`doctor --bin-dir ${site.binDir}`)
    expect(status).toBe(0)
    expect(lines.filter((line) => /^\S/.test(line))).toEqual([
      ...['Executable', 'Tools', 'Kernel', 'Forwarding', 'Networks', 'Rules', 'Connections', 'healthy'],
    ])
    expect(lines).toContain('  ok       1 attachment has the rules that the conflists ask for')
  })
})

describe('forwarding', () => {
  test.each([
    ['net.ipv4.ip_forward', 'ipv4-forwarding', 'IPv4'],
    ['net.ipv6.conf.all.forwarding', 'ipv6-forwarding', 'IPv6'],
  ])('%s is 0', async (sysctl, check, family) => {
    await site.node.sh(`sysctl -qw ${sysctl}=0`)
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ level }) => level === 'error')).toEqual([
      {
        group: 'forwarding',
        check,
        level: 'error',
        what: `${sysctl} is 0, and pods here have ${family} addresses`,
        why: `the node does not forward ${family}: these pods reach nothing outside of it`,
        mend: `sysctl -w ${sysctl}=1, and the same in a file in /etc/sysctl.d for the next boot`,
      },
    ])
  })

  test.each(['', without('ip')])(
    'two default routes and a strict filter; with ip hidden: %j',
    async (before) => {
      const sh = (script: string) => site.node.sh(script)
      await sh(`ip link add lan type veth peer name other; ip link set lan up; ip link set other up; ip address add 198.51.100.2/24 dev lan
      ip route add default via 198.51.100.1 dev lan metric 100
      sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.wan.rp_filter=0 net.ipv4.conf.lan.rp_filter=1`)
      const find = () => site.findingsOf('reverse-path-filter', '', before)
      expect((await find()).map(short)).toEqual([
        'warning: default routes lead through wan, lan, and rp_filter is strict (1) on lan',
      ])
      expect((await find())[0]?.mend).toBe('sysctl -w net.ipv4.conf.lan.rp_filter=2')
      await sh('sysctl -w net.ipv4.conf.lan.rp_filter=2')
      expect((await find()).map(short)).toEqual([
        'ok: default routes lead through wan, lan, and none of these filters strictly',
      ])
    },
  )

  test('a default route of policy routing counts where a rule leads to it', async () => {
    await site.node.sh(`ip link add lan type veth peer name other; ip link set lan up; ip link set other up; ip address add 198.51.100.2/24 dev lan
      ip route add default via 198.51.100.1 dev lan table 100; sysctl -qw net.ipv4.conf.all.rp_filter=1`)
    expect((await site.findingsOf('reverse-path-filter')).map(short)).toEqual([
      'ok: the default route leads through wan',
    ])
    await site.node.sh('ip rule add from 10.244.0.0/16 table 100')
    expect((await site.findingsOf('reverse-path-filter')).map(short)).toEqual([
      expect.stringMatching(
        /^warning: default routes lead through (wan, lan|lan, wan), and rp_filter is strict/,
      ),
    ])
  })
})

describe('rules', () => {
  test('that a pod has lost', async () => {
    await site.node.sh('nft delete element inet ip-masq pods-ip { 10.244.1.7 }')
    expect((await site.findingsOf('drift')).map(short)).toEqual([
      'error: 1 attachment lacks rules: shop/a (a eth0, network cbr0) with 10.244.1.7',
    ])
  })

  test('that are all gone', async () => {
    await site.node.sh('nft flush ruleset')
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ check }) => check === 'drift').map(short)).toEqual([
      'error: 1 attachment lacks rules: shop/a (a eth0, network cbr0) with 10.244.1.7 and fd00::7',
      'error: the chains and maps that all pods share are not as they should be: table inet ip-masq: missing',
    ])
    expect(findings.filter(({ check }) => check === 'check' || check === 'postrouting-order')).toEqual([])
  })

  test('other than the conflist asks for now', async () => {
    await site.network.writeConflist({ nonMasqueradeCIDRs: ['192.0.2.0/24'] })
    expect((await site.findingsOf('drift')).map(short)).toEqual([
      expect.stringMatching(
        /^warning: 1 attachment has other rules than the conflist asks for now: shop\/a \(a eth0, network cbr0\) with /,
      ),
    ])
  })

  test('of a pod that is gone', async () => {
    const environment = { CNI_NETNS: '/var/run/netns/ip-masq-gone' }
    await succeed(site.node, 'ADD', { containerID: 'b', environment, config: configWith(['10.244.1.8/24']) })
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ check }) => check === 'stale-rules').map(short)).toEqual([
      'warning: there are rules of 1 attachment that is proven to be gone: (b eth0, network cbr0)',
    ])
  })

  test('that CHECK would miss, and a chain that is none of ours', async () => {
    await site.node.sh("nft add chain inet ip-masq early '{ type nat hook postrouting priority 90; }'")
    const { findings } = await site.examine()
    expect(findings.filter(({ group, level }) => group === 'rules' && level === 'error').map(short)).toEqual([
      'error: chain early: unexpected base chain',
    ])
  })
})

describe('others', () => {
  const FLANNEL = `add table ip flannel-ipv4
    add chain ip flannel-ipv4 postrtg { type nat hook postrouting priority srcnat; }
    add rule ip flannel-ipv4 postrtg ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade`

  test('who masquerade towards what is exempt', async () => {
    await site.node.sh(`nft -f - <<< '${FLANNEL}'`)
    const { status, findings } = await site.examine()
    expect(status).toBe(1)
    expect(findings.filter(({ check }) => check === 'foreign-masquerade')).toEqual([
      {
        group: 'rules',
        check: 'foreign-masquerade',
        level: 'warning',
        what: 'flannel masquerades what 10.244.1.7 sends to 10.0.0.0/8, which is exempt: nftables, table ip flannel-ipv4, postrtg: ip saddr 10.244.0.0/16 ip daddr != 224.0.0.0/4 masquerade',
        why: "exempt destinations see the node's address",
        mend: 'switch it off (docs/neighbours.md), or write "pinExemptions": true; ip-masq explain 10.244.1.7 10.0.0.0/8 shows the whole way',
      },
    ])
    await site.network.writeConflist({ pinExemptions: true })
    await site.network.command('sync')
    expect((await site.findingsOf('foreign-masquerade')).map(({ level }) => level)).toEqual(['ok'])
  })

  test('whose pods are not ours do not count, in nftables and in iptables', async () => {
    await site.node.sh(`nft -f - <<< '${FLANNEL.replaceAll('10.244.0.0', '172.17.0.0')}'
      iptables-nft -t nat -A POSTROUTING -s 172.18.0.0/16 ! -o docker0 -j MASQUERADE`)
    expect((await site.findingsOf('foreign-masquerade')).map(({ level }) => level)).toEqual(['ok'])
  })

  test('who masquerade marked packets alone do not count: kube-proxy has its reasons', async () => {
    await site.node.sh(`iptables-nft -t nat -N KUBE-POSTROUTING; iptables-nft -t nat -A POSTROUTING -j KUBE-POSTROUTING
      iptables-nft -t nat -A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN
      iptables-nft -t nat -A KUBE-POSTROUTING -j MASQUERADE --random-fully`)
    expect((await site.findingsOf('foreign-masquerade')).map(({ level }) => level)).toEqual(['ok'])
    await site.node.sh(
      'iptables-nft -t nat -F KUBE-POSTROUTING; iptables-nft -t nat -A KUBE-POSTROUTING -j MASQUERADE',
    )
    expect((await site.findingsOf('foreign-masquerade')).map(({ level }) => level)).toEqual(['warning'])
  })

  test('in iptables, of either kind', async () => {
    for (const kind of ['nft', 'legacy'])
      await site.node.sh(
        `iptables-${kind} -t nat -A POSTROUTING -s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE`,
      )
    const { findings } = await site.examine()
    expect(findings.filter(({ check }) => check === 'foreign-masquerade').map(short)).toEqual(
      ['legacy', 'nft'].map(
        (kind) =>
          `warning: somebody may masquerade what 10.244.1.7 sends to 10.0.0.0/8, which is exempt: iptables-${kind}, table ip nat, POSTROUTING: -s 10.244.0.0/16 ! -d 10.244.0.0/16 -j MASQUERADE`,
      ),
    )
    expect(findings.filter(({ check }) => check === 'iptables-kinds').map(({ level }) => level)).toEqual([
      'note',
    ])
  })

  test('whose chain comes before ours', async () => {
    await site.node.sh(
      "nft add table ip vpn; nft add chain ip vpn out '{ type nat hook postrouting priority -5; }'",
    )
    expect((await site.findingsOf('postrouting-order')).map(short)).toEqual([
      'warning: ip vpn out (-5) comes before our chain, or together with it (priority 99)',
    ])
  })
})

describe('what cannot be looked at', () => {
  test('without privileges', async () => {
    await site.node.sh(`chmod 755 ${site.binDir} ${join(site.network.confDir, '..')}`)
    const { status, findings } = await site.examine('', {
      before:
        'exec() { setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set -all --inh-caps=-all "$@"; exit $?; }',
      executable: join(site.binDir, 'ip-masq'),
    })
    expect(status).toBe(2)
    expect(findings.filter(({ level }) => level === 'unseen').map(short)).toEqual([
      'unseen: Cannot look at firewall rules: user 65534 has no CAP_NET_ADMIN',
    ])
    // Everything else was looked at.
    expect(findings.filter(({ check }) => /forwarding|conflists/.test(check)).map(short)).toEqual([
      'ok: the node forwards IPv4',
      'ok: the node forwards IPv6',
      expect.stringMatching(/^ok: the runtime takes /),
    ])
  })

  test('the rules of iptables-legacy, without CAP_NET_RAW; the others are', async () => {
    await site.node.sh('iptables-legacy -t nat -S')
    const { status, findings } = await site.examine('', {
      before: 'exec() { setpriv --bounding-set -net_raw --inh-caps -net_raw "$@"; exit $?; }',
    })
    expect(status).toBe(2)
    expect(
      findings
        .filter(({ check, level }) => check === 'privileges' || (check === 'drift' && level === 'ok'))
        .map(short),
    ).toEqual([
      'unseen: Cannot look at the rules of iptables-legacy: user 0 has no CAP_NET_RAW',
      'ok: 1 attachment has the rules that the conflists ask for',
    ])
  })

  test('a cache file that is torn', async () => {
    const file = join(site.network.cacheDir, 'results', 'cbr0-torn-eth0')
    await writeFile(file, '{"kind": "cni')
    // One that is written at this moment does not count.
    expect((await site.examine()).status).toBe(0)
    await makeOld(file, 60)
    const { status, findings } = await site.examine()
    expect(status).toBe(2)
    expect(
      findings.filter(({ level }) => level === 'unseen').map(({ check, what }) => [check, what]),
    ).toEqual([['sync', 'skipped the unreadable cache file cbr0-torn-eth0']])
  })
})

/** By the lists of modules, nf_tables is not loaded, and would be by a question. */
const WITH_MODULES = `${WRITABLE_PROC}
echo 'loop 40960 0 - Live 0x0' > /proc/modules
mount -t tmpfs none /media; mkdir /media/upper /media/work
mount -t overlay -o lowerdir=/usr/lib,upperdir=/media/upper,workdir=/media/work none /usr/lib
mkdir -p /usr/lib/modules/$(uname -r)
echo 'kernel/fs/fuse/fuse.ko' > /usr/lib/modules/$(uname -r)/modules.builtin
for module in nf_tables nfnetlink; do
  echo "kernel/net/netfilter/$module.ko:" >> /usr/lib/modules/$(uname -r)/modules.dep
done`

test('where nf_tables is not loaded, nothing is asked that would load it', async () => {
  const trace = join(site.binDir, 'trace')
  const { findings } = await site.examine('', {
    before: `${WITH_MODULES}\nexec() { strace -f -qq -e trace=socket,execve -o ${trace} "$@"; exit $?; }`,
  })
  expect(
    findings.filter(({ check }) => ['nf-tables', 'backends', 'drift', 'nft'].includes(check)).map(short),
  ).toEqual([
    'note: /usr/sbin/nft was not asked for its version',
    'note: nf_tables is not loaded',
    'note: whether an ADD would work was not tried',
    'error: 1 attachment has no rules: nf_tables is not loaded',
  ])
  const calls = await readFile(trace, 'utf8')
  expect(calls).not.toContain('NETLINK_NETFILTER')
  expect(calls.match(/execve\("[^"]*"/g)?.slice(2)).toEqual(Array(3).fill('execve("/usr/bin/ip"'))
})
