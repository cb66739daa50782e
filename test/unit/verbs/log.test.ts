import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { version } from '../../../package.json'
import { CniError } from '../../../src/cni/error'
import { type Call, callInProcess } from '../../lab/call'
import { configWith } from '../../lab/plugin'

let directory: string
let logFile: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'ip-masq-log-'))
  logFile = join(directory, 'ip-masq.log')
})
afterEach(() => rmSync(directory, { recursive: true }))

const CNI_ARGS = 'IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web-1'

/** A call whose config names the log, with these keys besides. */
const call = (command: string, keys: Record<string, unknown> = {}, more: Call = {}) =>
  callInProcess(command, {
    config: configWith(['10.244.1.7/24'], { cniVersion: '1.1.0', logFile, ...keys }),
    environment: { CNI_ARGS },
    ...more,
  })

const read = () => readFileSync(logFile, 'utf8')

/** The lines of the log. What differs from run to run is checked here, and left out. */
function records(): unknown[] {
  const lines = read().split('\n')
  expect(lines.pop()).toBe('')
  return lines.map((line) => {
    const { time, durationMs, ...rest } = JSON.parse(line)
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(durationMs).toBeGreaterThanOrEqual(0)
    return rest
  })
}

const attachment = { network: 'cbr0', containerID: 'c1', ifname: 'eth0', pod: 'shop/web-1' }

describe('a line for each call', () => {
  test.each(['ADD', 'DEL', 'CHECK'])('%s', async (verb) => {
    expect(await call(verb)).toMatchObject({ status: 0, warnings: [] })
    expect(records()).toEqual([{ verb, ...attachment, outcome: 'ok', version }])
  })

  test('GC, which is about no attachment', async () => {
    const environment = { CNI_CONTAINERID: undefined, CNI_IFNAME: undefined }
    await call('GC', { 'cni.dev/valid-attachments': [] }, { environment })
    expect(records()).toEqual([{ verb: 'GC', network: 'cbr0', outcome: 'ok', version }])
  })

  test('after those of earlier calls', async () => {
    await call('ADD')
    await call('DEL')
    expect(records()).toMatchObject([{ verb: 'ADD' }, { verb: 'DEL' }])
  })

  test('that only root may read, if the log is made by it', async () => {
    await call('ADD')
    expect(statSync(logFile).mode & 0o7777).toBe(0o600)
  })

  test('in a log whose mode somebody has chosen', async () => {
    writeFileSync(logFile, '')
    chmodSync(logFile, 0o640)
    await call('ADD')
    expect(statSync(logFile).mode & 0o7777).toBe(0o640)
    expect(records()).toHaveLength(1)
  })

  test('with the warnings that the runtime gets', async () => {
    const { warnings } = await call(
      'ADD',
      { nonMasqueradeCIDRs: ['10.0.0.0/8'] },
      {
        config: configWith(['10.244.1.7/24', 'fd00::7/64'], { logFile, nonMasqueradeCIDRs: ['10.0.0.0/8'] }),
      },
    )
    expect(warnings).toEqual([
      'nonMasqueradeCIDRs has no IPv6 entry: only the built-in IPv6 exemptions apply',
    ])
    expect(records()).toMatchObject([{ verb: 'ADD', outcome: 'ok', warnings }])
  })
})

describe('a call that fails', () => {
  test('because of its config is logged with code and message', async () => {
    expect(await call('ADD', { nonMasqueradeCIDRs: ['10/8'] })).toMatchObject({ status: 1, warnings: [] })
    expect(records()).toEqual([
      {
        verb: 'ADD',
        ...attachment,
        outcome: 'failed',
        code: 7,
        msg: 'Cannot use nonMasqueradeCIDRs[0] "10/8": write all four octets, as in "10.0.0.0/8"',
        version,
      },
    ])
  })

  test('because the kernel refuses is logged, without the details', async () => {
    const apply = async () => {
      throw new CniError('toolRefused', 'nft refused the rules', 'Error: of some sort')
    }
    expect(await call('ADD', {}, { backends: { apply } })).toMatchObject({ status: 1 })
    expect(records()).toEqual([
      { verb: 'ADD', ...attachment, outcome: 'failed', code: 100, msg: 'nft refused the rules', version },
    ])
  })

  test('STATUS is logged; one that succeeds is not, because it comes every few seconds', async () => {
    expect(await call('STATUS')).toMatchObject({ status: 0 })
    expect(() => read()).toThrow('ENOENT')
    expect(await call('STATUS', {}, { backends: { probe: async () => ['no nft'] } })).toMatchObject({
      status: 1,
    })
    expect(records()).toMatchObject([{ verb: 'STATUS', outcome: 'failed', code: 50 }])
  })
})

describe('a text that others choose', () => {
  test('is one line, and fit for a terminal', async () => {
    await call('DEL', {}, { containerID: 'a\n{"verb":"ADD"}\u001b[2J\u202e', ifname: '"' })
    expect(read().split('\n')).toHaveLength(2)
    expect(read()).toContain('"containerID":"a\\n{\\"verb\\":\\"ADD\\"}\\u001b[2J\\u202e","ifname":"\\""')
  })

  test('is cut', async () => {
    await call('DEL', {}, { containerID: 'a'.repeat(100_000) })
    expect(records()).toMatchObject([{ containerID: `${'a'.repeat(1021)}...` }])
  })
})

describe('where the log cannot be written, the call goes on and says why', () => {
  const warned = async (path: string, reason: string) => {
    expect(await call('ADD', { logFile: path })).toMatchObject({
      status: 0,
      warnings: [`Cannot log to ${path}: ${reason}`],
    })
  }

  test('no such directory', async () => {
    const path = join(directory, 'none', 'x.log')
    await warned(path, 'its directory does not exist; make it')
  })

  test('a file in place of the directory', async () => {
    const file = join(directory, 'file')
    writeFileSync(file, '')
    await warned(join(file, 'x.log'), 'it, or a part of its path, is not a directory')
  })

  test('a link', async () => {
    const target = join(directory, 'target')
    writeFileSync(target, '')
    symlinkSync(target, logFile)
    await warned(logFile, 'its links lead in a circle, or are not followed here; name the file itself')
    expect(readFileSync(target, 'utf8')).toBe('')
  })

  test('a link that leads nowhere makes no file', async () => {
    symlinkSync(join(directory, 'none'), logFile)
    await warned(logFile, 'its links lead in a circle, or are not followed here; name the file itself')
    expect(() => statSync(join(directory, 'none'))).toThrow('ENOENT')
  })

  test('a file that has another name', async () => {
    const other = join(directory, 'other')
    writeFileSync(other, '')
    linkSync(other, logFile)
    await warned(logFile, 'it has 2 hard links')
    expect(readFileSync(other, 'utf8')).toBe('')
  })

  test('a failure stays what it is, with a warning', async () => {
    const path = join(directory, 'none', 'x.log')
    const reply = await call('ADD', { logFile: path, nonMasqueradeCIDRs: ['10/8'] })
    expect(reply).toMatchObject({ status: 1, json: { code: 7 } })
    expect(reply.warnings).toEqual([`Cannot log to ${path}: its directory does not exist; make it`])
  })
})

describe('a value that is no log', () => {
  const advice = 'write an absolute path that ends in ".log", as in "/var/log/ip-masq.log"'
  const cases: readonly unknown[] = ['ip-masq.log', '/etc/cron.d/ip-masq', '', 1, null]

  test.each(cases)('%j is refused by an ADD', async (value) => {
    expect(await call('ADD', { logFile: value })).toMatchObject({
      status: 1,
      json: { code: 7, msg: `Cannot use logFile ${JSON.stringify(value)}: ${advice}` },
      warnings: [],
    })
  })

  test.each(cases)('%j is a warning of a DEL', async (value) => {
    expect(await call('DEL', { logFile: value })).toMatchObject({
      status: 0,
      warnings: [`Cannot log to ${JSON.stringify(value)}: write an absolute path that ends in ".log"`],
    })
  })

  test('is none in runtimeConfig or args, which others than the operator may write', async () => {
    const elsewhere = { logFile: join(directory, 'other.log') }
    const keys = { logFile: undefined, runtimeConfig: elsewhere, args: { cni: elsewhere } }
    expect(await call('ADD', keys)).toMatchObject({ status: 0, warnings: [] })
    expect(() => statSync(elsewhere.logFile)).toThrow('ENOENT')
  })
})
