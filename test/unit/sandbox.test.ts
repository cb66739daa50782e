import { describe, expect, test } from 'vitest'
import { existingSandbox } from '../../src/sync/sandbox'

/** The process that runs the tests has a namespace; test/kernel/gone.test.ts has those of pods. */

describe('the namespace that a result names', () => {
  test.each([
    ['is not there', [{ name: 'eth0', sandbox: '/run/netns/ip-masq-never' }]],
    [
      'is the node’s own, by a number that another process has inherited',
      [{ name: 'eth0', sandbox: `/proc/${process.ppid}/ns/net` }],
    ],
    ['means something to the runtime only', [{ name: 'eth0', sandbox: '/proc/1/status' }]],
    ['is no path', [{ name: 'eth0', sandbox: 'pod' }]],
    ['is not text', [{ name: 'eth0', sandbox: 7 }]],
    ['is that of another interface', [{ name: 'eth1', sandbox: '/dev/null' }]],
    ['is missing: the interface is the host’s', [{ name: 'eth0' }]],
    ['cannot be found, because no interfaces are listed', undefined],
    ['cannot be found among things that are no interfaces', [null, 'eth0']],
  ])('%s: none', (_, interfaces) => {
    expect(existingSandbox({ interfaces }, 'eth0')).toBeUndefined()
  })

  test('exists, and is not the node’s own', () => {
    const interfaces = [{ name: 'cni0' }, { name: 'eth0', sandbox: '/dev/null' }]
    expect(existingSandbox({ interfaces }, 'eth0')).toBe('/dev/null')
  })
})
