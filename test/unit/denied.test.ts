import { describe, expect, test } from 'vitest'
import { explainDenial } from '../../src/backend/denied'

const NET_ADMIN = 1n << 12n
const NET_RAW = 1n << 13n
const LEGACY =
  "iptables v1.8.9 (legacy): can't initialize iptables table `nat': Permission denied (you must be root)"

describe('a refused change names what is missing:', () => {
  test.each([
    ['CAP_NET_ADMIN', 'netlink: Operation not permitted', NET_RAW, 'CAP_NET_ADMIN is missing; give it to'],
    ['CAP_NET_RAW', LEGACY, NET_ADMIN, 'CAP_NET_RAW is missing; give it to'],
    ['both', LEGACY, 0n, 'CAP_NET_ADMIN and CAP_NET_RAW are missing; give them to'],
    ['no capability that we know', LEGACY, NET_ADMIN | NET_RAW, 'run ip-masq as root with CAP_NET_ADMIN'],
  ])('%s', (_, said, capabilities, explained) => {
    expect(explainDenial(said, { isRoot: true, capabilities })).toMatch(explained)
  })

  test('another user is told to be root', () => {
    expect(explainDenial(LEGACY, { isRoot: false, capabilities: 0n })).toBe('run ip-masq as root')
  })
})
