/** `text`: lines as compilers write them. `github`: annotations of GitHub Actions. */
export const FORMATS = ['text', 'github'] as const

export type Format = (typeof FORMATS)[number]
