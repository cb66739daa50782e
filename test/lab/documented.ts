import { createScene, type Scene } from './scene'

/**
 * What commands print in the documents. A block that begins with "```console" after a line `<!-- scene: NAME -->` has lines
 * "$ COMMAND" with the output below each. `scripts/doc-outputs` writes the outputs, and a test compares them, so that a
 * page never shows what no command prints.
 */

const BLOCK = /(<!-- scene: (\w+) -->\n```console\n)([\s\S]*?)(```)/g

/** The scenes of a page's blocks. */
export function scenesIn(page: string): string[] {
  return [...page.matchAll(BLOCK)].map(([, , scene = '']) => scene)
}

/** The page with the outputs that its commands print now. */
export async function withOutputs(page: string): Promise<string> {
  let done = ''
  let end = 0
  for (const match of page.matchAll(BLOCK)) {
    const [whole, head = '', scene = '', body = '', tail = ''] = match
    done += page.slice(end, match.index) + head + (await play(scene, body)) + tail
    end = match.index + whole.length
  }
  return done + page.slice(end)
}

async function play(name: string, body: string): Promise<string> {
  const scene = await createScene(name)
  try {
    const parts: string[] = []
    for (const line of body.split('\n').filter((one) => one.startsWith('$ ')))
      parts.push(`${line}\n${stable(await printed(scene, line.slice(2)))}\n`)
    return parts.join('')
  } finally {
    await scene.delete()
  }
}

/** As a terminal shows it. */
async function printed(scene: Scene, line: string): Promise<string> {
  const { stdout, stderr, status } = await scene.type(line)
  const said = [stdout, stderr].filter((text) => text !== '').join('\n')
  return status === 0 ? said : `${said}\n[exit status ${status}]`
}

/** Whether the machine has br_netfilter is not up to a page. */
const BRIDGED =
  '  ok       netfilter sees what pods of one bridge send each other (bridge-nf-call-iptables is 1)\n'

/** What differs from run to run and from machine to machine: times, and versions of others. */
function stable(text: string): string {
  return text
    .trimEnd()
    .replace(/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '2026-01-31T13:05:09Z')
    .replaceAll(/\b17\d{8}\b/g, '1770000000')
    .replace(/: nftables v[\d.]+ \(.*\)/g, ': nftables v1.0.6')
    .replace(/: iptables v[\d.]+ /g, ': iptables v1.8.9 ')
    .replace(/: ip utility, iproute2.*/g, ': ip utility, iproute2-6.1.0')
    .replace(/ Linux \d\S*/g, ' Linux 6.1.0')
    .replace(/\b\d+ of \d+ connections/g, '57 of 262144 connections')
    .replace(/ {2}note {5}(?:br_netfilter is not loaded|bridge-nf-call-iptables is 0)\n.*\n.*\n/, BRIDGED)
}
