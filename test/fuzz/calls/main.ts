import { parseArgs } from 'node:util'
import { renderCoverage } from './coverage'
import { fuzz } from './fuzz'
import { LANE_KINDS } from './lane'
import { renderFailure } from './report'

/** `npm run fuzz`: see scripts/fuzz. */

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    /** One sequence only. */
    seed: { type: 'string' },
    steps: { type: 'string', default: '60' },
    lanes: { type: 'string', default: '' },
    failures: { type: 'string', default: '5' },
    'shrink-seconds': { type: 'string', default: '120' },
  },
})

function* seedsFrom(first: number): Generator<number> {
  for (let seed = first; ; seed++) yield seed
}

const write = (text: string) => process.stdout.write(`${text}\n`)
const first = Number(values.seed ?? Date.now() % 1_000_000_000)
const lanes = values.lanes.split(',').filter((name) => name !== '')
const unknown = lanes.find((name) => !LANE_KINDS.some((kind) => kind.name === name))
if (unknown !== undefined)
  throw new Error(`there is no lane "${unknown}"; write ${LANE_KINDS.map(({ name }) => name).join(', ')}`)

write(`first seed: ${first}`)
const { found, coverage } = await fuzz({
  seeds: values.seed === undefined ? seedsFrom(first) : [first],
  steps: Number(values.steps),
  lanes,
  end: Date.now() + Number(values.minutes) * 60_000,
  shrinkMs: Number(values['shrink-seconds']) * 1000,
  failures: Number(values.failures),
  onFound: (one) => write(`\n${renderFailure(one)}\n`),
})
write(renderCoverage(coverage))
write(`${found.length} failures`)
process.exitCode = found.length === 0 && coverage.comparisons > 0 ? 0 : 1
