import { writeFileSync, writeSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { benchAddDel } from './add-del'
import { benchAtOnce } from './at-once'
import { benchCounters } from './counters'
import { benchDoctor } from './doctor'
import { benchExplain } from './explain'
import { benchFlows } from './flows'
import { benchForeign } from './foreign'
import { benchIptables } from './iptables'
import { benchList } from './list'
import { benchListFlows, benchLists, benchSetUp } from './lists'
import { drawPlot } from './plot'
import { type Row, renderRows } from './report'
import { benchSize } from './size'
import { benchCounts, benchSmallCalls } from './small-calls'
import { benchStale } from './stale'
import { benchSync } from './sync'
import { benchWatch } from './watch'

/**
 * What masquerade costs: side by side in one run, round-robin, medians. The other side is the reference bridge
 * plugin of Debian, with ipMasq true minus false; ours is the whole process.
 */

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '21' },
    /** Of quiet, in which the watch is measured. */
    seconds: { type: 'string', default: '60' },
    json: { type: 'string' },
    svg: { type: 'string' },
  },
})
const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)]
/** For what takes long. */
const few = Math.ceil(rounds / 3)

const PARTS: Readonly<Record<string, () => Promise<readonly Row[]>>> = {
  size: benchSize,
  counts: benchCounts,
  small: () => benchSmallCalls(rounds),
  'add-del': () => benchAddDel(rounds),
  'at-once': () => benchAtOnce(few),
  lists: async () => [...(await benchSetUp(few)), ...(await benchLists(rounds))],
  sync: () => benchSync(few),
  explain: () => benchExplain(rounds),
  list: () => benchList(few),
  stale: () => benchStale(few),
  doctor: () => benchDoctor(few),
  watch: () => benchWatch(seconds),
  'iptables-nft': () => benchIptables('nft', rounds),
  'iptables-legacy': () => benchIptables('legacy', rounds),
  foreign: () => benchForeign(rounds),
  counters: () => benchCounters(rounds),
  flows: async () => [...(await benchFlows(rounds)), await benchListFlows(rounds)],
}

const say = (text: string) => writeSync(1, `${text}\n`)
const unknown = positionals.find((name) => !Object.hasOwn(PARTS, name))
if (unknown !== undefined)
  throw new Error(`Cannot measure "${unknown}": write some of ${Object.keys(PARTS).join(', ')}`)
const rows: Row[] = []
for (const [name, measure] of Object.entries(PARTS)) {
  if (positionals.length > 0 && !positionals.includes(name)) continue
  say(`${name} ...`)
  rows.push(...(await measure()))
}
say(`\n${renderRows(rows)}`)
if (values.json) writeFileSync(values.json, `${JSON.stringify(rows, null, 2)}\n`)
if (values.svg) writeFileSync(values.svg, drawPlot(rows))
