import { describe, expect, test } from 'vitest'
import { classify } from '../../src/backend/nftables/nft'

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
  ])('%s', (said, failure) => {
    expect(classify(said)).toBe(failure)
  })
})
