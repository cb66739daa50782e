import type { Target } from '../table'
import { parseAttributes, readText, readU32 } from './wire'
import type { Writer } from './writer'

/** What registers and elements hold: bytes, or where a packet goes. */

export interface Verdict {
  readonly code: number
  readonly chain?: string
}

/** enum nft_verdicts, as unsigned numbers. */
export const VERDICTS = { goto: 0xfffffffc, return: 0xfffffffb } as const

/** Of an element of a map. */
export function targetOf(verdict: Verdict): Target {
  return verdict.code === VERDICTS.goto && verdict.chain !== undefined
    ? { goto: verdict.chain }
    : { do: 'foreign', text: verdictText(verdict) }
}

/** As nft prints it. */
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

/** NFTA_LIST_ELEM */
export const LIST_ELEMENT = 1
/** NFTA_DATA_VALUE, NFTA_DATA_VERDICT */
const DATA = { value: 1, verdict: 2 } as const
/** NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN */
const VERDICT = { code: 1, chain: 2 } as const

export function writeData(writer: Writer, type: number, value: Uint8Array | Verdict): void {
  writer.nest(type, () => {
    if (value instanceof Uint8Array) return writer.raw(DATA.value, value)
    writer.nest(DATA.verdict, () => {
      writer.u32(VERDICT.code, value.code)
      if (value.chain !== undefined) writer.text(VERDICT.chain, value.chain)
    })
  })
}

export function readData(bytes: Uint8Array | undefined): Uint8Array | Verdict | undefined {
  if (!bytes) return undefined
  const data = parseAttributes(bytes)
  const verdict = data.get(DATA.verdict)
  if (!verdict) return data.get(DATA.value)
  const parts = parseAttributes(verdict)
  const chain = parts.get(VERDICT.chain)
  return { code: readU32(parts.get(VERDICT.code)) ?? 0, ...(chain && { chain: readText(chain) }) }
}
