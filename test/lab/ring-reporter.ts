import { appendFileSync } from 'node:fs'
import type { SerializedError } from 'vitest'
import { DefaultReporter, type TestModule, type TestRunEndReason, type TestSpecification } from 'vitest/node'

/** Rings of which each situation is worth reading. */
const IN_FULL = ['fuzz', 'kernel', 'nftables', 'runtime']

interface Ring {
  readonly name: string
  readonly ended: TestModule[]
  /** How many of its files have not ended. */
  left: number
  /** How many of `ended` are printed. */
  printed: number
}

/**
 * Files of all rings run side by side. This prints them ring by ring, each ring once those before it are complete. At the
 * end it appends a line for each ring to the file that RINGS names: its name, how many tests passed, how many did not.
 */
export default class RingReporter extends DefaultReporter {
  #rings: readonly Ring[] = []

  override onTestRunStart(specifications: readonly TestSpecification[]): void {
    super.onTestRunStart(specifications)
    this.#rings = this.ctx.projects.map(({ name }) => {
      const left = specifications.filter(({ project }) => project.name === name).length
      return { name, ended: [], left, printed: 0 }
    })
  }

  protected override printTestModule(module: TestModule): void {
    const ring = this.#rings.find(({ name }) => name === module.project.name)
    if (!ring) return
    ring.ended.push(module)
    ring.left -= 1
    this.#printUpTo(({ left }) => left > 0)
  }

  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    // What a run that was cut short still holds back.
    this.#printUpTo(() => false)
    super.onTestRunEnd(modules, errors, reason)
    const rows = this.#rings.map(({ name, ended }) => [name, ...countTests(ended)])
    if (errors.length > 0) rows.push(['errors-outside-of-tests', 0, errors.length])
    const file = process.env.RINGS
    if (file) appendFileSync(file, rows.map((row) => `${row.join(' ')}\n`).join(''))
  }

  #printUpTo(isLast: (ring: Ring) => boolean): void {
    for (const ring of this.#rings) {
      this.renderSucceed = IN_FULL.includes(ring.name)
      for (const module of ring.ended.slice(ring.printed)) {
        if (ring.printed === 0) this.log(`\n== ${ring.name}\n`)
        super.printTestModule(module)
        ring.printed += 1
      }
      if (isLast(ring)) return
    }
  }
}

/** A test that was skipped did not pass; a ring without a test failed, and so did a file that could not be run. */
function countTests(modules: readonly TestModule[]): [passed: number, failed: number] {
  let [passed, failed] = [0, 0]
  for (const module of modules) {
    const tests = [...module.children.allTests()]
    const good = tests.filter((test) => test.result().state === 'passed').length
    passed += good
    failed += Math.max(tests.length - good, module.ok() ? 0 : 1)
  }
  return [passed, passed + failed === 0 ? 1 : failed]
}
