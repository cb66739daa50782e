import { expect, test } from 'vitest'
import { honourDropIns, type Runtime } from '../../src/install/runtimes'

const containerd = (version?: string): Runtime => ({ name: 'containerd', version })

test.each<[string, Runtime[], boolean]>([
  ['containerd 1.6', [containerd('1.6.20')], false],
  ['containerd 2.0', [containerd('2.0.7')], false],
  ['containerd 2.1', [containerd('2.1.9')], true],
  ['containerd 2.2', [containerd('2.2.0')], true],
  ['containerd 3.0', [containerd('3.0.0')], true],
  ['a containerd that does not say', [containerd()], false],
  ['CRI-O', [{ name: 'CRI-O', version: '2.4.0' }], false],
  ['both', [containerd('2.3.0'), { name: 'CRI-O', version: '1.30.0' }], false],
  ['cri-dockerd beside it', [containerd('2.3.0'), { name: 'cri-dockerd', version: undefined }], false],
  ['none that can be seen', [], false],
])('a drop-in for %s', (_, runtimes, expected) => {
  expect(honourDropIns(runtimes)).toBe(expected)
})
