import { describe, expect, test } from 'vitest'
import { classify } from '../../src/backend/iptables/tool'

describe('what iptables says', () => {
  test.each([
    [
      1,
      "iptables-restore v1.8.9 (legacy): Couldn't load match `comment':No such file or directory",
      'refused',
    ],
    [1, 'iptables-nft-restore: line 3 failed: Chain already exists.', 'refused'],
    [4, 'line 3: RULE_APPEND failed (No such file or directory): rule in chain IPM-A-10.0.0.1', 'refused'],
    [
      4,
      'Another app is currently holding the xtables lock; still 9s 0us time ahead to have a chance to grab the lock...',
      'locked',
    ],
    [4, "Can't lock /run/xtables.lock: Bad file descriptor", 'locked'],
    [4, 'Fatal: can not open lock file /run/xtables.lock: Permission denied', 'denied'],
    [
      4,
      'iptables v1.8.9 (nf_tables): Could not fetch rule set generation id: Permission denied (you must be root)',
      'denied',
    ],
    [
      3,
      "iptables v1.8.9 (legacy): can't initialize iptables table `nat': Table does not exist (do you need to insmod?)",
      'unsupported',
    ],
    [
      3,
      "ip6tables v1.8.9 (legacy): can't initialize ip6tables table `nat': Address family not supported by protocol",
      'unsupported',
    ],
    [1, 'iptables/1.8.9 Failed to initialize nft: Protocol not supported', 'unsupported'],
    [127, 'iptables: error while loading shared libraries: libxtables.so.12', 'unusable'],
  ] as const)('%d: %s', (status, said, failure) => {
    expect(classify(status, said)).toBe(failure)
  })
})
