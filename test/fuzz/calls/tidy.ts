import { CACHE_DIR, CONF_DIR, type Lane } from './lane'
import { loseScript } from './losses'
import { listScript } from './read-iptables'
import { listRuleset } from './read-nftables'

/**
 * A lane as it was made: no rules, no pods, no cache. It has a network namespace that is no pod's, because an empty directory
 * of them proves no pod gone where the machine's other processes are out of sight.
 */
export async function clear(lane: Lane): Promise<void> {
  await lane.sh(`nft flush ruleset
${lane.kind.firewall === 'nftables' ? '' : loseScript('ruleset', lane.kind)}
ip netns list | awk '{ print $1 }' | xargs -r -n1 ip netns delete
ip netns add bystander
rm -rf ${CACHE_DIR}/results ${CONF_DIR} /run/[!n]* /tmp/*
mkdir -p ${CACHE_DIR}/results ${CONF_DIR}`)
}

/** Locks are files that stay. */
const MAY_STAY = /^\/run\/(xtables\.lock|ip-masq[^/]*(\.lock|))$/

/** What is left of pods that are all gone, a line each; to be asked when no call is under way. */
export async function leftovers(lane: Lane): Promise<string[]> {
  const files = (await lane.files(['/tmp', '/run', CONF_DIR])).filter((file) => !MAY_STAY.test(file))
  return [
    ...files.filter((file) => !file.endsWith('.conflist')).map((file) => `the file ${file} is left`),
    ...(lane.kind.firewall === 'nftables' ? await elementsLeft(lane) : await chainsLeft(lane)),
  ]
}

async function elementsLeft(lane: Lane): Promise<string[]> {
  const { ours } = await listRuleset(lane)
  return ours.flatMap(({ map }) =>
    (map?.elem ?? [])
      // `::` as a value is a tombstone, which goes by itself, and as a key a mark that names no pod.
      .filter(([key, value]) => value !== '::' && !JSON.stringify(key).includes('"::"'))
      .map((element) => `${map?.name} still has ${JSON.stringify(element)}`),
  )
}

async function chainsLeft(lane: Lane): Promise<string[]> {
  const text = await lane.sh(listScript(lane.kind))
  return [...text.matchAll(/^-N (IPM-[AO]-\S+)$/gm)].map(([, chain]) => `the chain ${chain} is left`)
}
