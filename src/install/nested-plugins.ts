import { isObject, type JsonObject } from '../cni/json'

/** A plugin's config, and the name of the network that it is part of. */
export interface NestedPlugin {
  readonly plugin: JsonObject
  readonly network: unknown
}

/**
 * All plugins that a runtime starts for this config, directly or through another plugin. Multus has lists and plugins in
 * `delegates`, flannel and others have one in `delegate`, and these may delegate again. Other plugins use keys of their
 * own, so every key counts except `ipam`, because an IPAM plugin may share its name with a network plugin (antrea,
 * kube-ovn). Outer plugins come first.
 */
export function nestedPlugins(config: unknown): NestedPlugin[] {
  const found: NestedPlugin[] = []
  // A list replaces recursion, because a file may be nested to any depth.
  const values: { readonly value: unknown; readonly network: unknown }[] = [
    { value: config, network: undefined },
  ]
  for (const { value, network: outer } of values) {
    if (Array.isArray(value)) for (const one of value) values.push({ value: one, network: outer })
    if (!isObject(value)) continue
    const network = value.name ?? outer
    if (typeof value.type === 'string') found.push({ plugin: value, network })
    for (const [key, inner] of Object.entries(value)) {
      if (key !== 'ipam' && typeof inner === 'object') values.push({ value: inner, network })
    }
  }
  return found
}

export function isNamedInConfig(config: unknown): boolean {
  return nestedPlugins(config).some(({ plugin }) => plugin.type === 'ip-masq')
}
