import { describe, expect, test } from 'vitest'
import { parseListing, removalScript } from '../../src/primary/iptables-rules'
import { attachmentMark, chainName, networkMark, ruleComment } from '../../src/primary/names'
import { parseRules } from '../../src/primary/nftables'

/** What bridge 1.1 and 1.9 wrote for this attachment, copied from `iptables -t nat -S` and `nft list table`. */
const ID = '0123456789abcdef'.repeat(4)
const A = { network: 'my-net.1', containerID: ID, ifname: 'eth0' }
const COMMENT = String.raw`-m comment --comment "name: \"my-net.1\" id: \"${ID}\""`
const CHAIN = 'CNI-d100d7abadc4cf940112ecba'
const JUMP = `POSTROUTING -s 10.244.1.2/32 ${COMMENT} -j ${CHAIN}`
const ACCEPT = `${CHAIN} -d 10.244.1.0/24 ${COMMENT} -j ACCEPT`
const MASQUERADE = `${CHAIN} ! -d 224.0.0.0/4 ${COMMENT} -j MASQUERADE`
const LISTING = `-P POSTROUTING ACCEPT\n-N ${CHAIN}\n-A ${JUMP}\n-A ${ACCEPT}\n-A ${MASQUERADE}\n`

test('names are those that bridge gave', () => {
  expect(chainName(A)).toBe(CHAIN)
  expect(ruleComment(A)).toBe(`name: "my-net.1" id: "${ID}"`)
  expect(networkMark('my-net.1')).toBe('a0556b0a263db278')
  expect(attachmentMark(A)).toBe('a0556b0a263db278-848025970da6a998')
})

test('iptables: one interface or another, the chain is the same; nftables: it is another mark', () => {
  expect(chainName({ ...A, ifname: 'net1' })).toBe(CHAIN)
  expect(attachmentMark({ ...A, ifname: 'net1' })).not.toBe(attachmentMark(A))
})

describe('rules of iptables', () => {
  const jumpsIn = (text: string) => parseListing(text, 'iptables').jumps

  test('are found with address, network and container', () => {
    expect(jumpsIn(LISTING)).toEqual([
      {
        firewall: 'iptables',
        address: { family: 'ip', value: 0x0af40102n },
        key: CHAIN,
        networkKey: 'my-net.1',
        containerID: ID,
        text: JUMP,
      },
    ])
  })

  test.each([
    ['a chain that is not the one of its comment', JUMP.replace('d100', 'd101')],
    ['a subnet', JUMP.replace('/32', '/24')],
    ['a port mapping', `POSTROUTING -m comment --comment "CNI portfwd masquerade mark" -j CNI-HOSTPORT-MASQ`],
    ['another comment', JUMP.replace('name: ', 'net: ')],
    ['a match more', JUMP.replace('-m comment', '-o eth0 -m comment')],
    ['another destination', JUMP.replace('-m comment', '-d 10.0.0.0/8 -m comment')],
    ['a chain of ours', 'POSTROUTING -j IPM-PODS'],
    ['another hook', JUMP.replace('POSTROUTING', 'OUTPUT')],
  ])('are not taken for it: %s', (_, rule) => {
    expect(jumpsIn(`-A ${rule}\n`)).toEqual([])
  })

  test('a chain to which something jumps is not left behind, whatever that is', () => {
    const chainOf = (text: string) => parseListing(text, 'iptables').detached.map(({ key }) => key)
    expect(chainOf(LISTING)).toEqual([])
    const alone = LISTING.replace(`-A ${JUMP}\n`, '')
    expect(chainOf(alone)).toEqual([CHAIN])
    expect(chainOf(`${alone}-A OTHER -p tcp -g ${CHAIN}\n`)).toEqual([])
    // The ADD that writes it is under way.
    expect(chainOf(alone.replace(`-A ${MASQUERADE}\n`, ''))).toEqual([])
  })

  describe('are removed by a script that names each', () => {
    const wish = (isGone: boolean, texts = [JUMP]) => ({ texts: new Set(texts), isGone: () => isGone })
    const linesFor = (text: string, isGone: boolean, texts?: string[]) =>
      removalScript(parseListing(text, 'iptables'), wish(isGone, texts)).script.split('\n').slice(1, -2)

    test('without the chain while its container may have a DEL', () => {
      expect(linesFor(LISTING, false)).toEqual([`-D ${JUMP}`])
    })

    test('with the chain of a container that is gone', () => {
      expect(linesFor(LISTING, true)).toEqual([
        `-D ${JUMP}`,
        `-D ${ACCEPT}`,
        `-D ${MASQUERADE}`,
        `-X ${CHAIN}`,
      ])
    })

    test('without a chain that another address needs, or in which somebody else has a rule', () => {
      const second = JUMP.replace('10.244.1.2', '10.244.1.3')
      expect(linesFor(`${LISTING}-A ${second}\n`, true)).toEqual([`-D ${JUMP}`])
      expect(linesFor(`${LISTING}-A ${CHAIN} -p tcp -j RETURN\n`, true)).toEqual([`-D ${JUMP}`])
    })

    test('nothing that is not there any more', () => {
      expect(linesFor(LISTING, true, [second(JUMP)])).toEqual([])
    })
    const second = (rule: string) => rule.replace('10.244.1.2', '10.244.1.9')
  })
})

describe('rules of nftables', () => {
  const RULE = `ip saddr 10.244.1.4 ip daddr != 10.244.1.0/24 masquerade comment "a0556b0a263db278-848025970da6a998, net: my-net.1, if: eth0, id: ${ID}"`

  test('are found with address, attachment, network and handle', () => {
    expect(parseRules(`table inet t {\n\tchain c {\n\t\t${RULE} # handle 6\n\t}\n}\n`)).toEqual([
      {
        handle: '6',
        rule: {
          firewall: 'nftables',
          address: { family: 'ip', value: 0x0af40104n },
          key: 'a0556b0a263db278-848025970da6a998',
          networkKey: 'a0556b0a263db278',
          containerID: ID,
          text: RULE,
        },
      },
    ])
  })

  test('also where a long name cut the comment', () => {
    const cut = RULE.replace(/, if: .*/, ', i"')
    expect(parseRules(cut)[0]?.rule).toMatchObject({ networkKey: 'a0556b0a263db278', containerID: '' })
  })

  test.each([
    ['no comment', RULE.replace(/ comment .*/, '')],
    ['another comment', RULE.replace('a0556b0a263db278-', '')],
    ['another verdict', RULE.replace('masquerade', 'accept')],
    ['more matches', RULE.replace('ip daddr', 'tcp dport 80 ip daddr')],
    ['a prefix', RULE.replace('saddr 10.244.1.4', 'saddr 10.244.1.0/24')],
  ])('are not taken for it: %s', (_, rule) => {
    expect(parseRules(rule)).toEqual([])
  })
})
