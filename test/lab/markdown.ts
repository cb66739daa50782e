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

export interface Block {
  /** What the fence says; empty where it says nothing. */
  readonly language: string
  /** Without the indentation of a list. */
  readonly text: string
}

const BLOCK = /^ *(?:\d+\. +)?```(\w*)\n([\s\S]*?)^( *)```$/gm

/** The fenced blocks of a page. */
export function blocksIn(text: string): Block[] {
  return [...text.matchAll(BLOCK)].map(([, language = '', body = '', indentation = '']) => ({
    language,
    text: body.replaceAll(new RegExp(`^${indentation}`, 'gm'), ''),
  }))
}

/** What is in code within a sentence, each in one line. */
export function spansIn(text: string): string[] {
  return [...withoutBlocks(text).matchAll(/`([^`]+)`/g)].map(([, span = '']) => span.replace(/\s+/g, ' '))
}

function withoutBlocks(text: string): string {
  return text.replace(BLOCK, '')
}

function withoutCode(text: string): string {
  return withoutBlocks(text).replace(/`[^`\n]*`/g, '')
}
