import type { Row } from './report'

/** Bars, ours beside the other, one pair for each comparison with the bridge plugin. */
export function drawPlot(rows: readonly Row[]): string {
  const shown = rows.filter(({ against }) => against.startsWith('bridge'))
  const [left, width, step] = [210, 520, 34]
  const scale = (unit: Row['unit']) => {
    const values = shown.filter((row) => row.unit === unit).flatMap(({ own, other }) => [own, other])
    return width / Math.max(...values)
  }
  const bars = shown.map(({ what, n, unit, own, other }, i) => {
    const y = 44 + i * step
    const bar = (value: number, dy: number, colour: string) => `
    <rect x="${left}" y="${y + dy}" width="${Math.max(1, value * scale(unit)).toFixed(1)}" height="11" fill="${colour}"/>
    <text x="${(left + 6 + value * scale(unit)).toFixed(1)}" y="${y + dy + 10}">${value.toFixed(1)} ${unit}</text>`
    return `<text x="${left - 10}" y="${y + 16}" text-anchor="end">${what}, N=${n}</text>${bar(own, 0, '#2a78b8')}${bar(other, 13, '#b8b8b8')}`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${left + width + 90}" height="${60 + shown.length * step}" font-family="sans-serif" font-size="11">
  <rect width="100%" height="100%" fill="white"/>
  <text x="10" y="20" font-size="14">What masquerade costs: ip-masq (blue) and the reference bridge's ipMasq (grey), N pods</text>
  ${bars.join('\n  ')}
</svg>
`
}
