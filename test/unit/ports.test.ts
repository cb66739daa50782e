import { describe, expect, test } from 'vitest'
import { countPorts, formatPorts, parsePorts } from '../../src/policy/ports'

describe('parsePorts', () => {
  test.each([
    ['80', ['80'], 1],
    ['80-80', ['80'], 1],
    ['1024-29999,32768-65535', ['1024-29999', '32768-65535'], 61744],
    ['32768-65535,1024-29999', ['1024-29999', '32768-65535'], 61744],
    ['1-65535', ['1-65535'], 65535],
    ['5,7,6', ['5-7'], 3],
    ['1024-2047,2048-4095', ['1024-4095'], 3072],
  ])('reads %s', (text, expected, count) => {
    const ranges = parsePorts(text)
    expect(ranges.map(formatPorts)).toEqual(expected)
    expect(countPorts(ranges)).toBe(count)
  })

  test.each([
    ['', 'write ports or ranges of ports, as in "1024-29999,32768-65535"'],
    ['a', 'write ports or ranges of ports'],
    ['1-', 'write ports or ranges of ports'],
    ['-1', 'write ports or ranges of ports'],
    ['1-2-3', 'write ports or ranges of ports'],
    ['1,,2', 'write ports or ranges of ports'],
    ['1,', 'write ports or ranges of ports'],
    ['1 - 2', 'write ports or ranges of ports'],
    ['1.5', 'write ports or ranges of ports'],
    ['0', 'write ports from 1 to 65535'],
    ['0-1024', 'write ports from 1 to 65535'],
    ['65536', 'write ports from 1 to 65535'],
    ['1-70000', 'write ports from 1 to 65535'],
    ['9-5', 'write the lower port first, as in "5-9"'],
    ['5-9,9', 'write each port once; 5-9 and 9 overlap'],
    ['5-9,1-20', 'write each port once; 1-20 and 5-9 overlap'],
    ['1-10,11-20,5', 'write each port once; 1-10 and 5 overlap'],
  ])('refuses "%s"', (text, advice) => {
    expect(() => parsePorts(text)).toThrow(advice)
  })
})
