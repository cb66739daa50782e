import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { call, type TimedReply } from './calls'
import { PLUGINS } from './plugins'

/** The reference bridge plugin, which the benchmark calls with ipMasq and without: the difference is what its masquerade costs. */

/** What its IPAM plugin remembers. */
const DATA = mkdtempSync(join(tmpdir(), 'ip-masq-bench-ipam-'))
process.once('exit', () => rmSync(DATA, { recursive: true }))

export const BRIDGE = join(PLUGINS, 'bridge')

export function bridgeConfig(label: string, ipMasq: boolean) {
  return {
    cniVersion: '1.0.0',
    name: `bench-${label}-${ipMasq}`,
    type: 'bridge',
    bridge: 'cni0',
    isGateway: true,
    ipMasq,
    ipam: { type: 'host-local', ranges: [[{ subnet: '10.244.0.0/16' }]], dataDir: DATA },
  }
}

export interface BridgePod {
  /** Paths of network namespaces. */
  readonly node: string
  readonly pod: string
  readonly containerID: string
  /** A directory to look for tools in first. */
  readonly tools?: string
}

export type Cost = Readonly<Record<'milliseconds' | 'processor', number>>

/** What its masquerade adds to an ADD and to a DEL: calls with it and without follow each other. */
export function masqueradeCost(
  label: string,
  { node, pod, ...rest }: BridgePod,
): Record<'ADD' | 'DEL', Cost> {
  const timed = (command: string, ipMasq: boolean) => {
    const config = bridgeConfig(label, ipMasq)
    return call(node, { ...rest, executable: BRIDGE, netns: pod, command, config })
  }
  const masquerade = { ADD: timed('ADD', true), DEL: timed('DEL', true) }
  const plain = { ADD: timed('ADD', false), DEL: timed('DEL', false) }
  return { ADD: difference(masquerade.ADD, plain.ADD), DEL: difference(masquerade.DEL, plain.DEL) }
}

function difference(a: TimedReply, b: TimedReply): Cost {
  return { milliseconds: a.milliseconds - b.milliseconds, processor: a.processor - b.processor }
}
