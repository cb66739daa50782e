import { expect, test } from 'vitest'
import { type Budget, compareWithBudget } from '../../bench/budget'

/** What fails the step `counts` of the gate, and what is only worth a line. */

const budget: Budget = {
  compiler: 'gcc 12',
  calls: { ADD: { instructions: 10_000_000, faults: 200 }, DEL: { instructions: 8_000_000, faults: 200 } },
}
const found = (instructions: number, faults: number, compiler = 'gcc 12'): Budget => ({
  compiler,
  calls: { ...budget.calls, ADD: { instructions, faults } },
})

test.each([
  [
    'within 3 % of the budget, nothing is said',
    found(10_299_999, 195, 'gcc 14'),
    { failures: [], hints: [] },
  ],
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
    'another compiler may explain it',
    found(11_000_000, 200, 'gcc 14'),
    {
      failures: ['ADD takes 11000000 instructions, 10.0 % more than its budget of 10000000'],
      hints: ['gcc 14 compiled this executable, and gcc 12 the one of the budget'],
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
