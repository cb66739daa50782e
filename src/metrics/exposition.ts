import { FAMILIES, type MetricFamily, type MetricName } from './families'

/** The text format 0.0.4 of Prometheus (prometheus.io, "Exposition formats"). */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export interface Sample {
  readonly metric: MetricName
  /** The part of a summary that this is. */
  readonly part?: 'sum' | 'count'
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** Writes the samples, each below the HELP and TYPE of its metric. A metric without samples is left out. */
export function renderMetrics(samples: readonly Sample[]): string {
  let text = ''
  for (const [name, family] of Object.entries<MetricFamily>(FAMILIES)) {
    const own = samples.filter(({ metric }) => metric === name)
    if (own.length === 0) continue
    text += `# HELP ${name} ${escapeHelp(family.help)}\n# TYPE ${name} ${family.type}\n`
    for (const sample of own) text += `${renderSample(sample)}\n`
  }
  return text
}

function renderSample({ metric, part, labels = {}, value }: Sample): string {
  const pairs = Object.entries(labels).map(([name, text]) => `${name}="${escapeLabel(text)}"`)
  return `${metric}${part ? `_${part}` : ''}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''} ${value}`
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
}

/** The name of a network comes from a config, and a line break in it must not begin a new line. */
function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"')
}
