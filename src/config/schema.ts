import * as z from 'zod/mini'
import { MalformedError } from '../policy/address'
import { type Prefix, parsePrefix } from '../policy/prefix'

/**
 * What an operator may write. Each message says what to write instead; `parse.ts` puts the path and the value
 * before it. `zod/mini` because it loads in a fifth of the time of `zod`, and this is the path of every ADD.
 */

const cidr = z.pipe(
  z.string('write a CIDR as a string, as in "10.0.0.0/8"'),
  z.transform((text, context): Prefix => {
    try {
      return parsePrefix(text)
    } catch (error) {
      if (!(error instanceof MalformedError)) throw error
      context.issues.push({ code: 'custom', message: error.message, input: text })
      return z.NEVER
    }
  }),
)

const cidrs = z.array(
  cidr,
  'write a list of CIDRs, as in ["10.0.0.0/8", "fd00::/8"], [] to exempt none, or leave the key out for the default',
)

const flag = z.boolean('write true or false')

export const schema = z.object({
  nonMasqueradeCIDRs: z.optional(cidrs),
  masqLinkLocal: z._default(flag, false),
  masqLinkLocalIPv6: z._default(flag, false),
  randomFully: z._default(flag, true),
  backend: z._default(z.enum(['auto', 'nftables'], 'write "auto" or "nftables"'), 'auto'),
})

export type Config = z.infer<typeof schema>
