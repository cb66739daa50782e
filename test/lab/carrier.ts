import { afterEach, beforeEach } from 'vitest'

/** In the describe, or the file, that calls it rules go this way to the kernel. */
export function over(carrier: 'nft' | 'netlink'): void {
  let before: string | undefined
  beforeEach(() => {
    before = process.env.IP_MASQ_CARRIER
    process.env.IP_MASQ_CARRIER = carrier
  })
  afterEach(() => {
    if (before === undefined) delete process.env.IP_MASQ_CARRIER
    else process.env.IP_MASQ_CARRIER = before
  })
}

/**
 * Rules go by way of nft processes: these tests put something in nft's place, or hide it. What they say of the kernel the
 * rest of the suite says over both.
 */
export function overNft(): void {
  over('nft')
}
