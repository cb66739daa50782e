import { describe, expect, test } from 'vitest'
import { classify, type NftProcess, runList } from '../../src/backend/nftables/text/nft'
import type { Transaction } from '../../src/backend/nftables/transaction'
import { parseAddress } from '../../src/policy/address-text'

describe('what nft says', () => {
  test.each([
    ['/dev/stdin:3:39-48: Error: Could not process rule: No such file or directory', 'missing'],
    ['Error: No such file or directory; did you mean table ‘ip-masq’ in family inet?', 'missing'],
    ['/dev/stdin:1:1-9: Error: Could not process rule: File exists', 'clash'],
    ['/dev/stdin:1:1-9: Error: Could not process rule: Device or resource busy', 'clash'],
    ['netlink: Error: cache initialization failed: Operation not permitted', 'denied'],
    ['/dev/stdin:1:1-5: Error: Could not process rule: Operation not permitted (you must be root)', 'denied'],
    ['/dev/stdin:4:1-9: Error: conflicting intervals specified', 'refused'],
    ['/dev/stdin:4:1-9: Error: interval overlaps with an existing one', 'refused'],
    ['/dev/stdin:1:5-9: Error: syntax error, unexpected string', 'refused'],
    ['netlink: Error: cache initialization failed: Protocol not supported', 'unsupported'],
    ['netlink: Error: cache initialization failed: Invalid argument', 'unsupported'],
    ['Unable to initialize Netlink socket: Protocol not supported', 'unsupported'],
    ['/dev/stdin:2:1-9: Error: Could not process rule: Operation not supported', 'unsupported'],
    ['/dev/stdin:1:1-39: Error: Could not process rule: Interrupted system call', 'unknown'],
  ])('%s', (said, failure) => {
    expect(classify(said)).toBe(failure)
  })

  describe('"Interrupted system call": somebody else committed while nft read', () => {
    const interrupted = 'Error: Could not process rule: Interrupted system call'
    const nftThatIsInterrupted = (times: number) => {
      let runs = 0
      const nft: NftProcess = () => {
        runs += 1
        const isInterrupted = runs <= times
        const [status, stderr] = isInterrupted ? [1, `/dev/stdin:1:1-39: ${interrupted}`] : [0, '']
        return { outcome: 'exited', status, stdout: 'listed', stderr }
      }
      return { nft, runs: () => runs }
    }

    test('nft is run again', () => {
      const { nft, runs } = nftThatIsInterrupted(5)
      expect(runList(nft, 'table inet ip-masq')).toEqual({ ok: true, stdout: 'listed' })
      expect(runs()).toBe(6)
    })

    test('not for ever', () => {
      const { nft } = nftThatIsInterrupted(Number.POSITIVE_INFINITY)
      expect(runList(nft, 'table inet ip-masq')).toMatchObject({
        ok: false,
        failure: 'unknown',
        said: expect.stringContaining('other programs change the rules all the time'),
      })
    })
  })

  describe('"No such file or directory", of a script that declares what its rules name', () => {
    const declaring: Transaction = [
      { do: 'add-table' },
      { do: 'add-chain', name: 'c' },
      { do: 'add-rule', chain: 'c', rule: { do: 'translate', fullyRandom: true } },
      { do: 'delete-element', set: 'm', key: parseAddress('10.0.0.1') },
    ]
    const missing = (line: number) =>
      `/dev/stdin:${line}:1-40: Error: Could not process rule: No such file or directory`

    test.each([
      ['a rule: the kernel lacks its expression', missing(3), declaring, 'unsupported'],
      ['an element: another call was faster', missing(4), declaring, 'missing'],
      ['a rule, where the table stood before', missing(2), declaring.slice(1), 'unsupported'],
      ['a chain, where the table stood before: it is gone', missing(1), declaring.slice(1), 'missing'],
      ['a rule of a script that declares nothing', missing(1), declaring.slice(2, 3), 'missing'],
    ])('%s', (_, said, transaction, failure) => {
      expect(classify(said, transaction)).toBe(failure)
    })
  })
})
