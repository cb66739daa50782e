import * as z from 'zod/mini'
import { KEYS, type Kind, type Row, type ValueOf } from './keys'
import { sources } from './source-addresses'
import { choice, cidrs, flag, flannelFile, interfaces, logFile, namespaces, paths, ports } from './values'
import { windowsPolicies } from './windows-policies'

/** The schema of each kind of value; `values.ts` reads them. */
const SCHEMAS: { readonly [K in Kind]: (row: Row<K>) => z.ZodMiniType<ValueOf<K>> } = {
  flag: () => flag,
  choice,
  cidrs,
  longCidrs: cidrs,
  interfaces,
  namespaces,
  ports: () => ports,
  paths: () => paths,
  flannelFile: () => flannelFile,
  logFile: () => logFile,
  sources: () => sources,
  policies: () => windowsPolicies,
}

function schemaOf<K extends Kind>(row: Row<K>): z.ZodMiniType {
  const value = SCHEMAS[row.kind](row)
  return row.default === undefined ? z.optional(value) : z._default(value, row.default)
}

const shape = Object.entries<Row>(KEYS).map(([key, row]) => [key, schemaOf(row)] as const)

/** The schema of everything that an operator may write: each row of the table of keys. */
export const schema = z.object(Object.fromEntries(shape))

const podList = z.object({
  nonMasqueradeCIDRs: z.optional(
    cidrs({ end: '[] to exempt none, or leave it out for the configured list' }),
  ),
})

/** Where a runtime puts what it knows about one pod (CONVENTIONS.md: runtimeConfig, args). */
export const podSchema = z.object({
  runtimeConfig: z.optional(podList),
  args: z.optional(z.object({ cni: z.optional(podList) })),
})
