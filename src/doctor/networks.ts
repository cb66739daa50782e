import { versionFault } from '../install/judge'
import { neighbourIn } from '../install/neighbours'
import { honourDropIns, type Runtime } from '../install/runtimes'
import { masqueradingOf } from '../primary/masquerade-switch'
import type { Conflists, OwnNetwork } from './conflists'
import { error, type Finding, note, ok, warning } from './finding'

/** The networks that have ip-masq, as their conflists say. */

export function checkNetworks({ confDir, own }: Conflists): readonly Finding[] {
  return own.flatMap((one) => {
    const check = 'networks'
    const { network, at, warnings } = one
    const file = `${confDir}/${network.file}`
    const whose = `network ${network.name} (${file})`
    const notes = warnings.map((line) => note(check, `${whose}: ${line}`))
    const faults = faultsOf(one).map((fault) =>
      error(check, {
        what: `${whose}: ${fault}`,
        why: 'every ADD of this network fails',
        mend: `ip-masq validate ${file}`,
      }),
    )
    if (faults.length > 0) return [...faults, ...notes]
    return [ok(check, `${whose} has ip-masq as plugin ${at + 1} of ${network.plugins.length}`), ...notes]
  })
}

function faultsOf({ at, conflist, fault }: OwnNetwork): readonly string[] {
  const version = conflist && versionFault(conflist)
  return [
    ...(fault === undefined ? [] : [fault]),
    ...(at === 0 ? ['ip-masq is the first plugin, so no plugin before it gives the pod an address'] : []),
    ...(version === undefined ? [] : [version]),
  ]
}

/** Masquerade of other plugins, according to the conflists. */
export function checkPrimary({ own, confDir }: Conflists): readonly Finding[] {
  const check = 'primary-masquerade'
  const why = "exempt destinations see the node's address all the same"
  return own.flatMap(({ network, conflist }): Finding[] => {
    const whose = `network ${network.name} (${confDir}/${network.file})`
    const neighbour = conflist && neighbourIn(conflist)
    const mend = `ip-masq install --network ${network.name} --disable-primary-masq, then ip-masq sync`
    return [
      ...(neighbour
        ? [
            note(check, `${whose}: ${neighbour.name} masquerades by itself, unless that is switched off`, {
              why,
              mend: `docs/neighbours.md#${neighbour.section} says how`,
            }),
          ]
        : []),
      ...masqueradingOf(network.plugins).map(({ at, type, path }) =>
        warning(check, {
          what: `${whose}: ${type} masquerades too (plugins[${at}].${path.join('.')})`,
          why,
          mend,
        }),
      ),
    ]
  })
}

/** A runtime that reads no drop-ins starts pods without rules, silently. */
export function checkDropIns({ own }: Conflists, runtimes: readonly Runtime[]): readonly Finding[] {
  const check = 'drop-ins'
  const dropIns = own.flatMap((one) => one.dropIns).join(', ')
  if (dropIns === '') return []
  const names = runtimes
    .map(({ name, version }) => (version === undefined ? name : `${name} ${version}`))
    .join(', ')
  if (honourDropIns(runtimes)) return [ok(check, `${names} reads ${dropIns}`)]
  const why =
    'containerd reads drop-ins from 2.1 on, and CRI-O reads them for ADD only. With other runtimes pods start without rules'
  const mend = 'ip-masq uninstall, then ip-masq install --mode patch'
  if (runtimes.length === 0)
    return [note(check, `ip-masq is a drop-in (${dropIns}), and no runtime answers here`, { why, mend })]
  return [
    warning(check, {
      what: `ip-masq is a drop-in (${dropIns}), and ${names} is not known to read it`,
      why,
      mend,
    }),
  ]
}
