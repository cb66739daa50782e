import { isIdentifier } from './environment'

/** What libcni reads of a conf directory, by names alone (`ConfFiles`, `LoadConfList`). The names come in any order. */

/** The files that may define a network, in libcni's order. */
export function networkFiles(names: readonly string[]): string[] {
  return inOrder(names, /\.(conf|conflist|json)$/)
}

/** Whether libcni takes a file of this name for a list of plugins; any other has one plugin. */
export function holdsList(file: string): boolean {
  return file.endsWith('.conflist')
}

/**
 * The directory of a network's drop-ins, which libcni appends to the list from 1.3 on. Undefined for what is no network's
 * name: it may lead out of the conf directory, and libcni runs no plugin for it (`ValidateNetworkName`).
 */
export function dropInDirectory(confDir: string, network: string): string | undefined {
  return isIdentifier(network) ? `${confDir}/${network}` : undefined
}

/** The drop-ins in such a directory, in libcni's order. */
export function dropIns(names: readonly string[]): string[] {
  return inOrder(names, /\.conf$/)
}

function inOrder(names: readonly string[], pattern: RegExp): string[] {
  return names.filter((name) => pattern.test(name)).sort()
}
