import { isDeepStrictEqual } from 'node:util'
import { brokenCodes } from './broken-input'
import type { Call } from './operations'
import type { Reply } from './perform'

/** What is wrong with an answer whatever the node's state: a line each. */
export function problemsOf(call: Call, reply: Reply): string[] {
  if (call.call === 'lose') return []
  const { status, signal, stdout, stderr, code, timedOut, ran } = reply
  if (timedOut) return ['it hangs: the watchdog ended it']
  if (status === null) return [`it ended by ${signal ?? 'an error'}: ${stderr}`]
  const problems: string[] = []
  if (code === 999 || /defect|"code":999/.test(stdout + stderr)) problems.push('it calls itself defective')
  if (call.call === 'sync' || call.call === 'gc') {
    if (status > 1 || stdout === '') problems.push(`status ${status}, and "${stdout}" on stdout`)
    return problems
  }
  const foreign = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('ip-masq '))
  if (foreign.length > 0) problems.push(`"${foreign[0]}" on stderr`)
  if (status === 0) problems.push(...successProblems(call, { stdout, stdin: ran.stdin }))
  else problems.push(...errorProblems(stdout, status))
  if (call.call === 'broken') {
    const expected = brokenCodes(call)
    if (!expected.includes(status === 0 ? 0 : (code ?? -1)))
      problems.push(`code ${status === 0 ? 0 : code}, and not one of ${expected.join()}`)
  }
  return problems
}

function successProblems(call: Call, { stdout, stdin }: { stdout: string; stdin: string }): string[] {
  if (call.call !== 'ADD') return stdout === '' ? [] : [`"${stdout}" on stdout`]
  const result = parse(stdout)
  const { prevResult } = JSON.parse(stdin)
  return isDeepStrictEqual(result, prevResult) ? [] : [`the result is not prevResult: "${stdout}"`]
}

function errorProblems(stdout: string, status: number): string[] {
  const error = parse(stdout)
  const isError =
    typeof error === 'object' &&
    error !== null &&
    'cniVersion' in error &&
    'msg' in error &&
    'code' in error &&
    typeof error.code === 'number' &&
    typeof error.msg === 'string'
  return [
    ...(isError ? [] : [`no CNI error on stdout: "${stdout}"`]),
    ...(status === 1 ? [] : [`status ${status}`]),
    ...(isError && error.code === 3 ? ['code 3, which tells the runtime not to clean up'] : []),
  ]
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
