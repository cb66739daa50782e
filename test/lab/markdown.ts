/** The parts of a Markdown page that a test follows. */

/** The targets of links to files of this repository, and to headings of the same page. Those in code are none. */
export function linksIn(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
}

/** The anchors that GitHub gives to the headings of a page. */
export function slugsOf(text: string): string[] {
  const known = new Map<string, number>()
  return [...withoutBlocks(text).matchAll(/^#+ +(.+)$/gm)].map(([, title = '']) => {
    const slug = title
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, '')
      .replaceAll(' ', '-')
    const seen = known.get(slug) ?? 0
    known.set(slug, seen + 1)
    return seen === 0 ? slug : `${slug}-${seen}`
  })
}

function withoutBlocks(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, '')
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '')
}
