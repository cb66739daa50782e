import * as z from 'zod/mini'
import { BACKEND_SETTINGS, CARRIER_SETTINGS } from '../backend/backend'
import type { Prefix } from '../policy/prefix'
import { addressRange, cidrs, closed, flag, interfaces, namespaces, path, ports } from './values'
import { windowsPolicies } from './windows-policies'

const FLANNEL_ADVICE = 'write true for /run/flannel/subnet.env, an absolute path, or false'

const backend = z.enum(BACKEND_SETTINGS, 'write "auto", "nftables" or "iptables"')

/** What an operator may write; `values.ts` says how each kind of value is read. */
export const schema = z.object({
  nonMasqueradeCIDRs: z.optional(cidrs('[] to exempt none, or leave the key out for the default')),
  nonMasqueradeDefaults: z._default(
    z.enum(['private', 'reserved'], 'write "private" or "reserved"'),
    'private',
  ),
  masqueradeCIDRs: z._default(cidrs('or leave the key out'), []),
  masqLinkLocal: z._default(flag, false),
  masqLinkLocalIPv6: z._default(flag, false),
  ipv4: z._default(flag, true),
  ipv6: z._default(flag, true),
  randomFully: z._default(flag, true),
  toPorts: z._default(ports, []),
  snatTo: z._default(
    closed(
      {
        ipv4: z.optional(addressRange('ip', '"192.0.2.10" or "192.0.2.10-192.0.2.13"')),
        ipv6: z.optional(addressRange('ip6', '"2001:db8::10" or "2001:db8::10-2001:db8::13"')),
      },
      'write an object, as in { "ipv4": "192.0.2.10", "ipv6": "2001:db8::10" }',
    ),
    {},
  ),
  outInterfaces: z._default(interfaces, []),
  pinExemptions: z._default(flag, false),
  repairOnCheck: z._default(flag, true),
  policies: z._default(windowsPolicies, []),
  configFiles: z._default(
    z.array(path, 'write a list of paths, as in ["/etc/config/*"], or leave the key out'),
    [],
  ),
  flannelSubnetFile: z._default(
    z.union([flag, z.string().check(z.regex(/^\//, FLANNEL_ADVICE))], FLANNEL_ADVICE),
    false,
  ),
  onlyNamespaces: z.optional(
    namespaces('or leave the key out for all').check(
      z.minLength(1, 'write at least one namespace, or leave the key out for all'),
    ),
  ),
  exceptNamespaces: z._default(namespaces('or leave the key out'), []),
  onlyPodCIDRs: z.optional(
    cidrs('or leave the key out for all').check(
      z.minLength(1, 'write at least one CIDR, or leave the key out for all'),
    ),
  ),
  exceptPodCIDRs: z._default(cidrs('or leave the key out'), []),
  podLists: z._default(
    z.enum(['runtimeConfig', 'args', 'both', 'none'], 'write "runtimeConfig", "args", "both" or "none"'),
    'runtimeConfig',
  ),
  backend: z._default(backend, 'auto'),
  ipMasqBackend: z.optional(backend),
  carrier: z._default(z.enum(CARRIER_SETTINGS, 'write "auto", "netlink" or "nft"'), 'auto'),
})

const podList = z.object({
  nonMasqueradeCIDRs: z.optional(cidrs('[] to exempt none, or leave it out for the configured list')),
})

/** Where a runtime puts what it knows of one pod (CONVENTIONS.md: runtimeConfig, args). */
export const podSchema = z.object({
  runtimeConfig: z.optional(podList),
  args: z.optional(z.object({ cni: z.optional(podList) })),
})

/**
 * Our part of a plugin's config. `podCIDRs` is the pod's own list, which replaces the configured one; `ignoredPodLists`
 * names the places of those that the operator does not allow.
 */
export type Config = z.infer<typeof schema> & {
  readonly podCIDRs?: readonly Prefix[]
  readonly ignoredPodLists?: readonly string[]
}
