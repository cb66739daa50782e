/** Keys that belong to other programs, with advice: the nearest key of ours would be the wrong advice. */

const CONFLIST = 'the conflist itself'

const OWNERS: readonly (readonly [string, readonly string[]])[] = [
  ['bridge or ptp', ['ipMasq']],
  [
    'bridge',
    [
      ...[
        'bridge',
        'isGateway',
        'isDefaultGateway',
        'forceAddress',
        'hairpinMode',
        'promiscMode',
        'macspoofchk',
      ],
      ...[
        'preserveDefaultVlan',
        'enabledad',
        'disableContainerInterface',
        'portIsolation',
        'vlan',
        'vlanTrunk',
      ],
    ],
  ],
  ['flannel', ['delegate', 'subnetFile', 'dataDir']],
  ['macvlan or ipvlan', ['master', 'mode', 'linkInContainer']],
  ['bridge, ptp, macvlan or ipvlan', ['mtu']],
  [
    'portmap',
    [
      'snat',
      'masqAll',
      'markMasqBit',
      'externalSetMarkChain',
      'conditionsV4',
      'conditionsV6',
      'portMappings',
    ],
  ],
  ['bandwidth', ['ingressRate', 'ingressBurst', 'egressRate', 'egressBurst', 'bandwidth']],
  ['firewall', ['firewalldZone', 'iptablesAdminChainName', 'ingressPolicy']],
  ['tuning', ['sysctl', 'mac', 'promisc', 'allmulti', 'txQLen']],
  ['vrf', ['vrfname', 'table']],
  ['host-local', ['subnet', 'ranges', 'rangeStart', 'rangeEnd', 'gateway', 'routes']],
  [
    'win-bridge or win-overlay',
    ['ipMasqNetwork', 'HcnPolicyArgs', 'loopbackDSR', 'endpointMacPrefix', 'ApiVersion', 'apiVersion'],
  ],
  [CONFLIST, ['plugins', 'cniVersions', 'disableCheck', 'disableGC', 'loadOnlyInlinedPlugins']],
]

/** The program that has this key, worded to follow a colon; undefined if we know none. */
export function neighbourAdvice(key: string): string | undefined {
  const owner = OWNERS.find(([, keys]) => keys.includes(key))?.[0]
  if (owner === undefined) return undefined
  if (owner === CONFLIST) return 'it is a key of the conflist; write it next to "plugins", or remove it'
  return `it is a key of ${owner}; write it into that plugin's part of the conflist, or remove it`
}
