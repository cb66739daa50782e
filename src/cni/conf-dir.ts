import { isIdentifier } from './environment'

/**
 * Decides by names alone what libcni reads in a conf directory (`ConfFiles`, `LoadConfList`). The names may come in any
 * order.
 */

/** The files that may define a network, in libcni's order. */
export function networkFiles(names: readonly string[]): string[] {
  return inOrder(names, /\.(conf|conflist|json)$/)
}

/** Whether libcni reads a file of this name as a list of plugins. Any other file has one plugin. */
export function holdsList(file: string): boolean {
  return file.endsWith('.conflist')
}

/**
 * The directory of a network's drop-ins, which libcni appends to the list from 1.3 on. Undefined for a text that is not a
 * network's name: it may lead out of the conf directory, and libcni runs no plugin for it (`ValidateNetworkName`).
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
