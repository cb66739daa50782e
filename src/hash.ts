import { loadBuiltin } from './runtime'

/** SHA-256 in lower-case hex. */
export function sha256(text: string): string {
  if (globalThis.Bun) return globalThis.Bun.SHA256.hash(text, 'hex')
  return loadBuiltin('node:crypto').createHash('sha256').update(text).digest('hex')
}
