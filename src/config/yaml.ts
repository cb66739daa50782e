import { parseAllDocuments } from 'yaml'

/** All documents of a text. YAML 1.1, because that is what Kubernetes' own reader takes: there `yes` is a boolean. */
export function parseYamlDocuments(text: string): unknown[] {
  const documents = parseAllDocuments(text, { version: '1.1', logLevel: 'silent' })
  if (!Array.isArray(documents)) return []
  return documents.map((document) => {
    const [error] = document.errors
    if (error) throw error
    const value: unknown = document.toJS()
    // As an object they would look empty.
    if (value instanceof Map || value instanceof Set)
      throw new Error('write a plain map, without !!omap or !!set')
    return value
  })
}

/** The one document of a text; null where there is none. */
export function parseYaml(text: string): unknown {
  const documents = parseYamlDocuments(text)
  if (documents.length > 1) throw new Error('it has several documents; keep one')
  return documents[0] ?? null
}
