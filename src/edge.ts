import { exit, onStart } from '#system/program'
import { write } from '#system/streams'
import { printLines } from './cni/printable'
import { VERSION } from './system/version'
import type { Reply } from './verbs/call'

/** The process edge: how a reply goes out, and how the program ends. */

/** The exit status of a call. */
export function deliver({ stdout, warnings, isError }: Reply): number {
  if (warnings.length > 0) writeWarnings(warnings)
  if (stdout !== '') write(1, `${stdout}\n`)
  return isError ? 1 : 0
}

/** A runtime that closed stderr does not want to know; it must not fail a DEL that did its work. */
function writeWarnings(warnings: readonly string[]): void {
  try {
    write(2, printLines(warnings.map((warning) => `ip-masq ${VERSION}: ${warning}`)))
  } catch {}
}

/**
 * `exit`, where setting `exitCode` would do, saves what the runtime does to wind up. It truncates nothing: each
 * write was waited for. A result that cannot be written has not been delivered, and so is a failure.
 */
export function runToEnd(main: () => Promise<number>, isHeldUp: () => boolean): void {
  onStart(() => {
    main().then(
      (status) => exit(status, isHeldUp()),
      (error) => {
        try {
          write(2, `ip-masq ${VERSION}: Cannot write the result: ${error}\n`)
        } catch {}
        exit(1, false)
      },
    )
  })
}
