import { CniError } from '../../cni/error'
import type { Family } from '../../policy/address'
import type { Wanted } from '../backend'
import { tooOld } from '../unfit-tools'
import { type Iptables, type Outcome, runVersion, toError } from './tool'
import type { Rule } from './transaction'
import { areAccepted, rulesOf } from './trial'

interface Refusal {
  readonly action: string
  readonly wanted: readonly Wanted[]
  readonly outcome: Outcome & { readonly ok: false }
}

/** Extensions that some systems lack, how to recognise a rule that needs one, and what an operator can write instead. */
const EXTENSIONS: readonly {
  readonly isIn: (rule: Rule) => boolean
  readonly advice: string
}[] = [
  {
    isIn: ({ probability }) => probability !== undefined,
    advice:
      'toPorts with several ranges needs the iptables match "statistic", which this node lacks; write only one range',
  },
  {
    isIn: ({ isDnat }) => isDnat === true,
    advice:
      'pinExemptions needs the iptables match "conntrack", which this node lacks; write "pinExemptions": false',
  },
  {
    isIn: ({ target }) => 'fullyRandom' in target && target.fullyRandom,
    advice: 'this iptables or kernel does not support randomFully; write "randomFully": false',
  },
]

/** The error for an ADD or a sync that iptables refuses. It names the missing extension, if one is missing. */
export function refusalError(
  iptables: Iptables,
  family: Family,
  { action, wanted, outcome }: Refusal,
): CniError {
  if (outcome.failure !== 'refused') return toError(action, outcome)
  const policies = wanted.map(({ policy }) => policy)
  const rules = rulesOf(policies, family)
  if (areAccepted(iptables, family, rules)) {
    return new CniError(
      'tryAgain',
      `Cannot ${action}: others changed the table at the same time; try again`,
      outcome.said,
    )
  }
  const missing = EXTENSIONS.find(({ isIn }) => {
    const rule = rules.find(isIn)
    return rule !== undefined && !areAccepted(iptables, family, [rule])
  })
  return toError(action, outcome, missing?.advice ?? ageNote(iptables))
}

/** `iptables-restore -w` and `--random-fully` came with this version. */
const OLDEST = [1, 6, 2] as const

function ageNote(iptables: Iptables): string | undefined {
  const version = tooOld(runVersion(iptables), OLDEST)
  return version && `this is iptables ${version}; install ${OLDEST.join('.')} or later`
}
