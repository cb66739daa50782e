import type { RunningDigest } from '../digest'
import * as node from '../node/digest'

export function sha256(text: string): string {
  return Bun.SHA256.hash(text, 'hex')
}

export function sha512(text: string): string {
  return node.sha512(text)
}

export function startSha256(): RunningDigest {
  return node.startSha256()
}

export function randomHex(bytes: number): string {
  return node.randomHex(bytes)
}
