import { FAMILIES, FAMILY_NAMES, type Family } from '../../../policy/address'
import type { PortRange } from '../../../policy/ports'
import { parsePrintedRange } from '../../../policy/range-text'
import type { Foreign } from '../table'
import type { Rule } from '../transaction'

/** Recognises our rules in the text that nft lists. */
export function parseRule(text: string): Rule | Foreign {
  for (const parse of [parseDispatch, parseDestination, parseSkip, parseInterface, parseTranslation]) {
    const rule = parse(text)
    if (rule) return rule
  }
  return { do: 'foreign', text }
}

function parseDispatch(text: string): Rule | undefined {
  const [, family, map] = /^(ip|ip6) saddr vmap @(\S+)$/.exec(text) ?? []
  return isFamily(family) && map !== undefined ? { do: 'dispatch', family, map } : undefined
}

function parseDestination(text: string): Rule | undefined {
  const [, family, not, set, what = ''] = /^(ip|ip6) daddr (!= )?@(\S+) (.+)$/.exec(text) ?? []
  if (!isFamily(family) || set === undefined) return undefined
  if (not !== undefined) return what === 'return' ? { do: 'limit', family, set } : undefined
  if (what === 'return') return { do: 'exempt', family, set }
  if (what === 'ct status dnat return') return { do: 'exempt', family, set, onlyDnat: true }
  if (what === `snat ${family} to ${family} saddr`) return { do: 'pin', family, set }
  const chain = /^goto (\S+)$/.exec(what)?.[1]
  return chain === undefined ? undefined : { do: 'divert', family, set, chain }
}

function parseSkip(text: string): Rule | undefined {
  const family = familyOfProtocol(/^meta nfproto (\S+) return$/.exec(text)?.[1])
  return family && { do: 'skip-family', family }
}

function parseInterface(text: string): Rule | undefined {
  const [, name, star, chain] = /^oifname "([^"]*?)(\*?)" goto (\S+)$/.exec(text) ?? []
  if (name === undefined || chain === undefined) return undefined
  return { do: 'leave-through', interface: { name, isWildcard: star === '*' }, chain }
}

function parseTranslation(text: string): Rule | undefined {
  const [, nfproto, protocol, of, below, statement = '', random] =
    /^(?:meta nfproto (\S+) )?(?:meta l4proto (\S+) )?(?:numgen random mod (\d+) < (\d+) )?((?:masquerade|snat).*?)( fully-random)?$/.exec(
      text,
    ) ?? []
  const target = parseTarget(statement)
  // `snat ip to` matches the family by itself.
  const isDouble = nfproto !== undefined && target?.family !== undefined
  if (!target || isDouble || (protocol === undefined) !== (target.range === undefined)) return undefined
  const family = target.family ?? familyOfProtocol(nfproto)
  if (nfproto !== undefined && !family) return undefined
  const draw = of !== undefined && below !== undefined && { draw: { below: Number(below), of: Number(of) } }
  if (draw && protocol === undefined) return undefined
  return {
    do: 'translate',
    ...(family && { family }),
    ...(protocol !== undefined && target.range && { ports: { protocol, range: target.range, ...draw } }),
    ...(target.to && { to: target.to }),
    fullyRandom: random !== undefined,
  }
}

interface Target {
  readonly family?: Family
  readonly to?: NonNullable<ReturnType<typeof parsePrintedRange>>
  readonly range?: PortRange
}

/**
 * `masquerade to :1024-2000`, `snat ip to 192.0.2.8/29:1024`, `snat ip6 to [2001:db8::1]-[2001:db8::3]:1024-2000`. nft
 * prints addresses that form a prefix as a prefix, without brackets.
 */
function parseTarget(statement: string): Target | undefined {
  if (statement === 'masquerade') return {}
  const ports = parsePorts(/^masquerade to :(\S+)$/.exec(statement)?.[1])
  if (ports) return { range: ports }
  const [, family, target = ''] = /^snat (ip|ip6) to (\S+)$/.exec(statement) ?? []
  if (!isFamily(family)) return undefined
  const mayHavePorts = family === 'ip' || /[\]/]/.test(target)
  const [, text = target, portText] = (mayHavePorts && /^(.+):([\d-]+)$/.exec(target)) || []
  const to = parsePrintedRange(text.replace(/[[\]]/g, ''))
  const range = parsePorts(portText)
  if (to?.family !== family || (portText !== undefined && !range)) return undefined
  return { family, to, ...(range && { range }) }
}

function parsePorts(text: string | undefined): PortRange | undefined {
  const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(text ?? '') ?? []
  return first === undefined ? undefined : { first: Number(first), last: Number(last) }
}

function isFamily(text: string | undefined): text is Family {
  return FAMILY_NAMES.some((family) => family === text)
}

function familyOfProtocol(nfproto: string | undefined): Family | undefined {
  return FAMILY_NAMES.find((family) => FAMILIES[family].nfproto === nfproto)
}
