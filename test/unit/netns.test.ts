import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { netnsTest } from '../../src/sync/netns'

const uptime = () => Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0])

describe('the namespace of a process', () => {
  const isGone = netnsTest()
  const own = `/proc/${process.pid}/ns/net`
  const thread = `/proc/${process.pid}/task/${process.pid}/ns/net`

  test('a process that began before the rules were written is the one that was meant', () => {
    expect(isGone(own, uptime())).toBe(false)
    expect(isGone(thread, uptime())).toBe(false)
  })

  test('one that began after that has inherited its number', () => {
    expect(isGone(own, 0)).toBe(true)
    expect(isGone(thread, 0)).toBe(true)
  })

  test('where nobody recorded when, it is alive', () => {
    expect(isGone(own)).toBe(false)
  })

  test('none has this number', () => {
    expect(isGone('/proc/4294967295/ns/net')).toBe(true)
  })

  test('a path that means something to the runtime alone is never gone', () => {
    for (const path of ['/proc/self/fd/4294967', 'netns/pod', '', '/proc/4294967295/fd/3'])
      expect(isGone(path, 0)).toBe(false)
  })
})
