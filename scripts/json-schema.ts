import { readFileSync } from 'node:fs'
import * as z from 'zod/mini'
import { FOREIGN_KEYS } from '../src/config/foreign-keys'
import { schema } from '../src/config/schema'
import { outboundNat } from '../src/config/windows-policies'

/**
 * The JSON Schema of a conflist with ip-masq in it, and of a drop-in that is ip-masq's alone: from the schema that
 * validates, with the table of docs/options.md for what each key means. Draft 7, which editors know best.
 */
export function conflistSchema(): Record<string, unknown> {
  const own = toJson(schema)
  const properties = Object.fromEntries(
    Object.entries(own.properties).map(([key, value]) => [key, { description: meaningOf(key), ...value }]),
  )
  Object.assign(properties.policies ?? {}, { items: policy() })
  const foreign = Object.fromEntries(FOREIGN_KEYS.map((key) => [key, true]))
  const ours = when(
    { properties: { type: { const: 'ip-masq' } }, required: ['type'] },
    { $ref: '#/definitions/ip-masq' },
  )
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'CNI conflist with ip-masq',
    type: 'object',
    ...when({ required: ['plugins'] }, { properties: { plugins: { type: 'array', items: ours } } }),
    else: ours,
    definitions: {
      'ip-masq': {
        type: 'object',
        properties: { ...foreign, type: { const: 'ip-masq' }, ...properties },
        patternProperties: { '^cni[.]dev/': true },
        additionalProperties: false,
      },
    },
  }
}

function when(condition: object, consequence: object) {
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema.
  return { if: condition, then: consequence }
}

/** Checked where it is ours to carry out; others are Windows' business. */
function policy() {
  const isOurs = {
    properties: {
      name: { pattern: '^[Ee]ndpoint[Pp]olicy$' },
      value: { properties: { Type: { pattern: '^[Oo]ut[Bb]ound[Nn][Aa][Tt]$' } }, required: ['Type'] },
    },
    required: ['name', 'value'],
  }
  return {
    type: 'object',
    properties: { name: { type: 'string', examples: ['EndpointPolicy'] } },
    ...when(isOurs, { properties: { value: toJson(outboundNat) } }),
  }
}

function toJson(type: z.ZodMiniType): { properties: Record<string, object> } {
  const { $schema: _, ...json } = z.toJSONSchema(type, { io: 'input', target: 'draft-7' })
  return { properties: {}, ...json } as { properties: Record<string, object> }
}

/** The last column of the table of keys in docs/options.md, its links without their targets. */
function meaningOf(key: string): string {
  const page = readFileSync(new URL('../docs/options.md', import.meta.url), 'utf8')
  const row = page.split('\n').find((line) => line.startsWith(`| \`${key}\` | `))
  const meaning = row?.split(' | ').at(-1)?.replace(/ \|$/, '')
  if (!meaning) throw new Error(`docs/options.md has no row for ${key}`)
  return meaning.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').replaceAll('**', '')
}
