import { toCniError } from '../cni/error'
import type { JsonObject } from '../cni/json'
import { isSupported, NEWEST_VERSION, requireVersion } from '../cni/version'
import { find, type Part, type Report } from './judgement'

/**
 * The version that a runtime speaks with the plugins. libcni from 1.2 on (containerd 2.0, CRI-O 1.31) takes the highest
 * of `cniVersion` and `cniVersions` that it knows, up to 1.1.0. Older ones read only `cniVersion`, and know 1.0.0 at
 * most.
 */

const OLDER = 'containerd before 2.0 and CRI-O before 1.31'
const NEWEST_OF_OLDER = [1, 0, 0]

export function judgeVersions(report: Report, part: Part, list: JsonObject): void {
  const { cniVersion, cniVersions } = list
  const path = [cniVersion === undefined ? 'cniVersions' : 'cniVersion']
  const fault = versionsFault(list)
  if (fault !== undefined) {
    find(report, part, { severity: 'error', rule: 'version', path: ['cniVersions'], message: fault })
    return
  }
  try {
    requireVersion('ADD', { cniVersion: chosenVersion(list) }, '0.3.0')
  } catch (error) {
    const { message } = toCniError(error)
    find(report, part, { severity: 'error', rule: 'version', path, message })
    return
  }
  const message = olderAdvice(cniVersion, cniVersions)
  if (message !== undefined) find(report, part, { severity: 'warning', rule: 'old-runtime', path, message })
}

/** libcni loads no list whose versions it cannot compare. */
function versionsFault({ cniVersions }: JsonObject): string | undefined {
  if (cniVersions === undefined) return undefined
  const isList = Array.isArray(cniVersions) && cniVersions.every((one) => numbersOf(one) !== undefined)
  return isList
    ? undefined
    : 'Cannot use cniVersions: write a list of versions, as in ["0.4.0", "1.0.0", "1.1.0"]'
}

function chosenVersion({ cniVersion, cniVersions }: JsonObject): unknown {
  if (!Array.isArray(cniVersions)) return cniVersion
  const newest = numbersOf(NEWEST_VERSION) ?? []
  const known = [...cniVersions, cniVersion].flatMap((version) => {
    const numbers = numbersOf(version)
    return numbers && compare(numbers, newest) <= 0 ? [{ version, numbers }] : []
  })
  return known.sort((one, other) => compare(other.numbers, one.numbers))[0]?.version ?? cniVersion
}

function olderAdvice(cniVersion: unknown, cniVersions: unknown): string | undefined {
  const all = Array.isArray(cniVersions)
    ? [...new Set(['1.0.0', ...cniVersions, '1.1.0'])]
    : ['1.0.0', '1.1.0']
  const wanted = `write "cniVersion": "1.0.0" and "cniVersions": ${JSON.stringify(all.sort()).replaceAll(',', ', ')}`
  if (!isSupported(cniVersion)) {
    return `Every ADD fails with ${OLDER}, which read cniVersion alone: ${wanted}`
  }
  if (compare(numbersOf(cniVersion) ?? [], NEWEST_OF_OLDER) <= 0) return undefined
  return `Every ADD fails with ${OLDER}, which know no cniVersion above 1.0.0: ${wanted}, of which newer runtimes take the highest`
}

function numbersOf(version: unknown): readonly number[] | undefined {
  const found = typeof version === 'string' ? /^(\d+)\.(\d+)\.(\d+)$/.exec(version) : null
  return found?.slice(1).map(Number)
}

function compare(one: readonly number[], other: readonly number[]): number {
  const at = one.findIndex((number, i) => number !== other[i])
  return at < 0 ? 0 : (one[at] ?? 0) - (other[at] ?? 0)
}
