import { afterEach, beforeEach } from 'vitest'

/**
 * In the describe, or the file, that calls it rules go by way of nft processes: its tests put something in nft's place, or
 * hide it. What they say of the kernel the rest of the suite says over both.
 */
export function overNft(): void {
  const before = process.env.IP_MASQ_CARRIER
  beforeEach(() => {
    process.env.IP_MASQ_CARRIER = 'nft'
  })
  afterEach(() => {
    if (before === undefined) delete process.env.IP_MASQ_CARRIER
    else process.env.IP_MASQ_CARRIER = before
  })
}
