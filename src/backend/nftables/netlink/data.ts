import type { Writer } from './writer'

/** The contents of registers and elements: bytes, or where a packet is sent. `decode-data.ts` reads them. */

export interface Verdict {
  readonly code: number
  readonly chain?: string
}

/** enum nft_verdicts, as unsigned numbers. */
export const VERDICTS = { goto: 0xfffffffc, return: 0xfffffffb } as const

/** NFTA_LIST_ELEM */
export const LIST_ELEMENT = 1
/** NFTA_DATA_VALUE, NFTA_DATA_VERDICT */
export const DATA = { value: 1, verdict: 2 } as const
/** NFTA_VERDICT_CODE, NFTA_VERDICT_CHAIN */
export const VERDICT = { code: 1, chain: 2 } as const

export function writeData(writer: Writer, type: number, value: Uint8Array | Verdict): void {
  writer.nest(type, () => {
    if (value instanceof Uint8Array) return writer.raw(DATA.value, value)
    writer.nest(DATA.verdict, () => {
      writer.u32(VERDICT.code, value.code)
      if (value.chain !== undefined) writer.text(VERDICT.chain, value.chain)
    })
  })
}
