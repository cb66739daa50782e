import { loadBuiltin } from './runtime'

/** SHA-256 in lower-case hex. */
export function sha256(text: string): string {
  if (globalThis.Bun) return new globalThis.Bun.CryptoHasher('sha256').update(text).digest('hex')
  return loadBuiltin('node:crypto').createHash('sha256').update(text).digest('hex')
}
