import { describe, expect, test } from 'vitest'
import { addPlugin, switchOffMasquerade } from '../../src/install/edit-conflist'
import { perhapsSwitchedOff, restoreMasquerade, switchedOff } from '../../src/install/restore-masquerade'

/** A conflist as it was before `install --disable-primary-masq`, and as uninstall leaves it. */

const conflist = (...plugins: readonly string[]) =>
  `{\n  "cniVersion": "1.0.0",\n  "name": "pods",\n  "plugins": [\n    ${plugins.join(',\n    ')}\n  ]\n}\n`
const BRIDGE = '{ "type": "bridge", "ipMasq": true, "x": 1.50 }'
const PORTMAP = '{ "type": "portmap" }'
const installed = (before: string) => addPlugin(switchOffMasquerade(before), { type: 'ip-masq' })

describe('is what it was, to the byte', () => {
  test.each([
    ['bridge', conflist(BRIDGE, PORTMAP)],
    ['flannel without a delegate', conflist('{ "type": "flannel" }', PORTMAP)],
    ['flannel with a delegate', conflist('{ "type": "flannel", "delegate": { "hairpinMode": true } }')],
    ['flannel that says true', conflist('{ "type": "flannel", "delegate": { "ipMasq": true } }')],
    ['bridge and ptp', conflist(BRIDGE, '{ "type": "ptp", "ipMasq": true }')],
  ])('%s', (_, before) => {
    const now = installed(before)
    expect(now).not.toBe(before)
    expect(restoreMasquerade(before, now)).toBe(before)
    expect(switchedOff(before, before)).toEqual([])
  })
})

test('what others changed since stays', () => {
  const before = conflist(BRIDGE, PORTMAP)
  const now = installed(before).replace('{ "type": "portmap" }', '{ "type": "portmap", "snat": true }')
  expect(restoreMasquerade(before, now)).toBe(conflist(BRIDGE, '{ "type": "portmap", "snat": true }'))
})

test('a plugin that was changed since keeps its masquerade off, and is reported', () => {
  const before = conflist(BRIDGE, PORTMAP)
  const now = installed(before).replace('"x": 1.50', '"x": 2')
  expect(restoreMasquerade(before, now)).toBe(
    conflist('{ "type": "bridge", "ipMasq": false, "x": 2 }', PORTMAP),
  )
  expect(switchedOff(before, now)).toEqual([{ at: 0, type: 'bridge', path: ['ipMasq'], isRestorable: false }])
})

test('a delegate that got other keys since keeps them', () => {
  const before = conflist('{ "type": "flannel" }')
  const now = installed(before).replace('"ipMasq":false', '"ipMasq":false,"mtu":1400')
  expect(JSON.parse(restoreMasquerade(before, now)).plugins).toEqual([
    { type: 'flannel', delegate: { ipMasq: false, mtu: 1400 } },
  ])
})

test('what was off before is not switched on', () => {
  const before = conflist(BRIDGE.replace('true', 'false'), '{ "type": "ptp", "ipMasq": true }')
  expect(JSON.parse(restoreMasquerade(before, installed(before))).plugins).toMatchObject([
    { type: 'bridge', ipMasq: false },
    { type: 'ptp', ipMasq: true },
  ])
})

test('the plugin is found again at another place in the list', () => {
  const before = conflist(BRIDGE)
  const now = installed(before).replace('"plugins": [', '"plugins": [\n    { "type": "first" },')
  expect(restoreMasquerade(before, now)).toBe(conflist('{ "type": "first" }', BRIDGE))
})

describe('without a backup of the time before install, a masquerade that is off may have been switched off', () => {
  const FLANNEL = '{ "type": "flannel" }'
  const now = switchOffMasquerade(conflist(BRIDGE, FLANNEL, PORTMAP))
  const [bridge, flannel] = [
    { at: 0, type: 'bridge', path: ['ipMasq'] },
    { at: 1, type: 'flannel', path: ['delegate', 'ipMasq'] },
  ]

  test.each([
    ['lost', undefined, [bridge, flannel]],
    ['of a later time', installed(now), [bridge, flannel]],
    [
      'of a later time, with one masquerade on',
      installed(now).replace('"ipMasq": false', '"ipMasq": true'),
      [flannel],
    ],
    ['of before', conflist(BRIDGE, FLANNEL, PORTMAP), []],
    ['of before, and off', now, []],
  ])('the backup is %s', (_, before, doubtful) => {
    expect(perhapsSwitchedOff(before, now)).toEqual(doubtful)
  })

  test('but install writes false, and leaves out nothing', () => {
    expect(perhapsSwitchedOff(undefined, conflist('{ "type": "bridge" }', FLANNEL))).toEqual([])
  })
})
