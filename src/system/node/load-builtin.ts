interface Builtins {
  'node:fs': typeof import('node:fs')
  'node:child_process': typeof import('node:child_process')
  'node:crypto': typeof import('node:crypto')
  'node:os': typeof import('node:os')
  'node:tty': typeof import('node:tty')
}

/**
 * Loads a Node module at its first use, for functions that pods' calls import but seldom use: an `import` would load it
 * at start-up. The bundle has `require` from Node 20.0 on; the tests run as ES modules, which have the second way (Node
 * 20.16).
 */
export function loadBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] {
  return typeof require === 'function' ? require(name) : process.getBuiltinModule(name)
}
