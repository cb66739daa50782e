import { KEYS } from '../../src/config/keys'
import { PROFILES } from '../../src/install/profiles'
import { conflistSchema } from '../json-schema'

/** The schema of the chart's values, with that of ip-masq's own keys: helm refuses a mistyped key before a node does. */
export function valuesSchema(): Record<string, unknown> {
  const { definitions } = conflistSchema() as {
    definitions: { 'ip-masq': { properties: Record<string, unknown> } }
  }
  const { properties } = definitions['ip-masq']
  const own = Object.fromEntries(Object.keys(KEYS).map((key) => [key, properties[key]]))
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    ...object({
      image: object({
        repository: { type: 'string', minLength: 1 },
        tag: { type: 'string' },
        pullPolicy: { enum: ['IfNotPresent', 'Always', 'Never'] },
      }),
      config: object(own),
      network: { type: 'string' },
      profile: { enum: Object.keys(PROFILES) },
      disablePrimaryMasq: { type: 'boolean' },
      iptablesLegacy: { type: 'boolean' },
      otherOwners: { type: 'boolean' },
      extraArgs: { type: 'array', items: { type: 'string', pattern: '^--' } },
      extraEnv: { type: 'array', items: { type: 'object', required: ['name'] } },
      nodeSelector: { type: 'object', additionalProperties: { type: 'string' } },
      tolerations: { type: 'array', items: { type: 'object' } },
      resources: { type: 'object' },
      podMonitor: object({
        enabled: { type: 'boolean' },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
      }),
      healthPort: { type: 'integer', minimum: 1, maximum: 65535 },
      // What a chart that has this one as a part gives to it.
      global: { type: 'object' },
    }),
  }
}

function object(properties: Record<string, unknown>) {
  return { type: 'object', additionalProperties: false, properties }
}
