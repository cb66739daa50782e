import { libc } from '../../src/system/native/libc'

/**
 * What test/packaging/libc.test.ts compiles in vain: its error says what a module gets of the machine while the program is loaded. No row
 * has an argument, so that none does anything.
 */

const refused = (row: unknown) => {
  try {
    ;(row as () => unknown)()
    return false
  } catch (error) {
    return String(error).includes('ask the machine after onStart')
  }
}

const rows = Object.getOwnPropertyNames(libc).filter((name) => name !== 'OPEN')
const answered = rows.filter((name) => !refused(libc[name as keyof typeof libc]))
const names = [
  ...answered,
  ...('Date' in globalThis ? ['Date'] : []),
  ...('random' in Math ? ['random'] : []),
]
throw new Error(`${rows.length} rows, but for ${names.sort().join()}`)
