import { vi } from 'vitest'
import { measureSlowness, patience } from './patience'

/** The setup of every file: a test that hangs is found out; one that waits for two busy cores does not fail. */
measureSlowness()
const [testTimeout, hookTimeout] = [patience(300_000), patience(300_000)]
vi.setConfig({ testTimeout, hookTimeout })
