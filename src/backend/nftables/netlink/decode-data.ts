import type { Target } from '../table'
import { DATA, VERDICT, VERDICTS, type Verdict } from './data'
import { parseAttributes, readText, readU32 } from './wire'

export function readData(bytes: Uint8Array | undefined): Uint8Array | Verdict | undefined {
  if (!bytes) return undefined
  const data = parseAttributes(bytes)
  const verdict = data.get(DATA.verdict)
  if (!verdict) return data.get(DATA.value)
  const parts = parseAttributes(verdict)
  const chain = parts.get(VERDICT.chain)
  return { code: readU32(parts.get(VERDICT.code)) ?? 0, ...(chain && { chain: readText(chain) }) }
}

/** Where the verdict of a map's element sends packets. */
export function targetOf(verdict: Verdict): Target {
  return verdict.code === VERDICTS.goto && verdict.chain !== undefined
    ? { goto: verdict.chain }
    : { do: 'foreign', text: verdictText(verdict) }
}

/** The verdict as nft prints it. */
export function verdictText({ code, chain }: Verdict): string {
  const name = VERDICT_NAMES[code >= BELOW_ZERO ? code - 2 * BELOW_ZERO : code] ?? `verdict ${code}`
  return chain === undefined ? name : `${name} ${chain}`
}

const BELOW_ZERO = 0x80000000

/** NF_DROP, NF_ACCEPT, NF_QUEUE; enum nft_verdicts */
const VERDICT_NAMES: Readonly<Record<string, string>> = {
  '0': 'drop',
  '1': 'accept',
  '3': 'queue',
  '-1': 'continue',
  '-2': 'break',
  '-3': 'jump',
  '-4': 'goto',
  '-5': 'return',
}
