import type { RunningDigest } from '../digest'
import { loadBuiltin } from './load-builtin'

export function sha256(text: string): string {
  return loadBuiltin('node:crypto').createHash('sha256').update(text).digest('hex')
}

export function sha512(text: string): string {
  return loadBuiltin('node:crypto').createHash('sha512').update(text).digest('hex')
}

export function startSha256(): RunningDigest {
  const hash = loadBuiltin('node:crypto').createHash('sha256')
  return {
    update(bytes) {
      hash.update(bytes)
    },
    end: () => hash.digest('hex'),
  }
}

export function randomHex(bytes: number): string {
  return loadBuiltin('node:crypto').randomBytes(bytes).toString('hex')
}
