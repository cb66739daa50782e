import { describe, expect, test } from 'vitest'
import { type Budget, budgetFor, compareWithBudget, withBudget } from '../../bench/budget'

/** What fails the step `counts` of the gate, and what is only worth a line. */

const budget: Budget = {
  compiler: 'gcc 12',
  calls: { ADD: { instructions: 10_000_000, faults: 200 }, DEL: { instructions: 8_000_000, faults: 200 } },
}
const found = (instructions: number, faults: number, compiler = 'gcc 12'): Budget => ({
  compiler,
  calls: { ...budget.calls, ADD: { instructions, faults } },
})

const OTHER_COMPILER =
  'bench/budget.json has no budget for gcc 14, so up to 20 % more than that of gcc 12 is accepted; scripts/bench counts --write adds one'

test.each([
  ['within 3 % of the budget, nothing is said', found(10_299_999, 195), { failures: [], hints: [] }],
  [
    'more than that is a failure',
    found(10_300_001, 207),
    {
      failures: [
        'ADD takes 10300001 instructions, 3.0 % more than its budget of 10000000',
        'ADD takes 207 page faults, 3.5 % more than its budget of 200',
      ],
      hints: [],
    },
  ],
  [
    'another compiler may make more of it, and that it did is said',
    found(11_900_000, 200, 'gcc 14'),
    { failures: [], hints: [OTHER_COMPILER] },
  ],
  [
    'but not everything',
    found(12_100_000, 200, 'gcc 14'),
    {
      failures: ['ADD takes 12100000 instructions, 21.0 % more than its budget of 10000000'],
      hints: [OTHER_COMPILER],
    },
  ],
  [
    'much less is a reason to lower the budget',
    found(9_000_000, 200),
    {
      failures: [],
      hints: [
        'ADD takes 9000000 instructions, 10.0 % fewer than its budget of 10000000: lower the budget with scripts/bench counts --write',
      ],
    },
  ],
])('%s', (_, own, expected) => {
  expect(compareWithBudget(own, budget)).toEqual(expected)
})

test('a call that has no budget is refused', () => {
  const own = { ...budget, calls: { CHECK: { instructions: 1, faults: 1 } } }
  expect(() => compareWithBudget(own, budget)).toThrow('bench/budget.json has no instructions of CHECK')
})

describe('compilers', () => {
  const of = (compiler: string): Budget => ({ ...budget, compiler })
  const debian12 = of('gcc (Debian 12.2.0-14+deb12u1) 12.2.0')
  const debian13 = of('gcc (Debian 14.2.0-19) 14.2.0')

  test.each([
    ['gcc (Debian 12.2.0-14+deb12u1) 12.2.0', debian12],
    ['gcc (Debian 14.2.0-19) 14.2.0', debian13],
    ['gcc (Ubuntu 14.3.0-1) 14.3.0', debian13],
    // Only 13.1 is another first number; the last budget is the newest.
    ['gcc (Ubuntu 13.1.0-6ubuntu2~24.04) 13.1.0', debian13],
  ])('%s', (compiler, expected) => {
    expect(budgetFor(compiler, [debian12, debian13])).toBe(expected)
  })

  test('an architecture without a budget has none', () => {
    expect(budgetFor('gcc 12', [])).toBeUndefined()
  })

  test('a new budget takes the place of the one of the same compiler, or comes last', () => {
    const newer = of('gcc (Debian 12.3.0-1) 12.3.0')
    expect(withBudget(newer, [debian12, debian13])).toEqual([newer, debian13])
    expect(withBudget(debian13, [debian12])).toEqual([debian12, debian13])
  })
})
