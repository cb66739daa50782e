import type { Broken } from './operations'
import { type Context, configOf, environmentOf, resultOf } from './requests'

interface Input {
  readonly environment: Readonly<Record<string, string>>
  readonly stdin: string
}

interface Kind {
  readonly name: string
  /** Codes that the answer may have; 0 for success. */
  readonly codes: readonly number[]
  readonly input: (call: Broken, context: Context) => Input
}

const IPS = [{ address: '10.244.9.9', length: 24 }]

const whole = ({ pod, network }: Broken, context: Context, version = '1.0.0') => ({
  ...configOf({ network, version }, context),
  prevResult: resultOf(pod, IPS, 'sandbox'),
})

const env = ({ pod }: Broken, call: 'ADD' | 'DEL' | 'CHECK') => environmentOf({ call, pod })

/** An ADD whose config has these keys on top, or whose text is made of it. */
function add(name: string, codes: readonly number[], change: object | ((text: string) => string)): Kind {
  return {
    name,
    codes,
    input(call, context) {
      const config = whole(call, context)
      const stdin =
        typeof change === 'function'
          ? change(JSON.stringify(config))
          : JSON.stringify({ ...config, ...change })
      return { environment: env(call, 'ADD'), stdin }
    },
  }
}

function bytes(...parts: (string | readonly number[])[]): string {
  const buffers = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part)))
  return `base64:${Buffer.concat(buffers).toString('base64')}`
}

function withAddress(address: string, length: number): object {
  return { prevResult: { cniVersion: '1.0.0', ips: [{ address: `${address}/${length}` }] } }
}

function lacking(name: string, command: 'ADD' | 'DEL' | 'CHECK', change: Record<string, string>): Kind {
  return {
    name,
    codes: [4],
    input(call, context) {
      return {
        environment: { ...env(call, command), ...change },
        stdin: JSON.stringify(whole(call, context)),
      }
    },
  }
}

const KINDS: readonly Kind[] = [
  add('no JSON', [6], (text) => text.slice(0, -5)),
  add('nothing', [6], () => ''),
  add('a list', [6], () => '[]'),
  add('bytes that are no UTF-8', [6], () => bytes('{"name": "', [0xff, 0xc0, 0x80], '"}')),
  add('NUL bytes', [6], () => bytes([0, 0, 0, 0])),
  add('two documents', [6], (text) => text + text),
  add('nested deeper than a parser goes', [6, 7], (text) => `${text.slice(0, -1)},"x":${'['.repeat(50_000)}`),
  add('16 MiB of garbage', [6, 7], (text) => text + 'x'.repeat(16 << 20)),
  add('a number as version', [1, 7], { cniVersion: 1 }),
  add('a version of the future', [1], { cniVersion: '2.0.0' }),
  add('a version of the past', [1], { cniVersion: '0.2.0' }),
  add('an unknown key', [2], { nonMasqueradeCIDR: ['10.0.0.0/8'] }),
  add('a prefix that is too long', [7], { nonMasqueradeCIDRs: ['10.0.0.0/33'] }),
  add('a prefix with host bits', [7], { masqueradeCIDRs: ['10.1.2.3/8'] }),
  add('null for a list', [7], { nonMasqueradeCIDRs: null }),
  add('no prevResult', [7], { prevResult: undefined }),
  add('null as prevResult', [7], { prevResult: null }),
  add('text as prevResult', [7], { prevResult: '10.1.1.1' }),
  add('text as ips', [7], { prevResult: { ips: '10.1.1.1' } }),
  add('an address that is none', [7], withAddress('10.0.0.256', 24)),
  ...(
    [
      ['0.0.0.0', 24],
      ['::', 64],
      ['127.0.0.1', 8],
      ['::1', 128],
      ['224.0.0.1', 4],
      ['ff02::1', 64],
      ['255.255.255.255', 32],
    ] as const
  ).map(([address, length]) => add(`the address ${address}`, [7], withAddress(address, length))),
  lacking('no CNI_IFNAME', 'ADD', { CNI_IFNAME: '' }),
  lacking('no CNI_CONTAINERID', 'DEL', { CNI_CONTAINERID: '' }),
  lacking('a containerID that leaves the directory', 'ADD', { CNI_CONTAINERID: '../x' }),
  lacking('an ifname that is too long', 'ADD', { CNI_IFNAME: 'x'.repeat(16) }),
  lacking('an ifname of dots', 'CHECK', { CNI_IFNAME: '..' }),
  lacking('a verb that is none', 'ADD', { CNI_COMMAND: 'UPDATE' }),
  {
    name: 'STATUS',
    codes: [0],
    input: ({ network }, context) => ({
      environment: { CNI_COMMAND: 'STATUS', CNI_PATH: '/opt/cni/bin' },
      stdin: JSON.stringify(configOf({ network, version: '1.1.0' }, context)),
    }),
  },
  {
    name: 'GC of an old version',
    codes: [1],
    input: ({ network }, context) => ({
      environment: { CNI_COMMAND: 'GC', CNI_PATH: '/opt/cni/bin' },
      stdin: JSON.stringify({
        ...configOf({ network, version: '1.0.0' }, context),
        'cni.dev/valid-attachments': [],
      }),
    }),
  },
  {
    name: 'GC with a list that is none',
    codes: [7],
    input: ({ network }, context) => ({
      environment: { CNI_COMMAND: 'GC', CNI_PATH: '/opt/cni/bin' },
      stdin: JSON.stringify({
        ...configOf({ network, version: '1.1.0' }, context),
        'cni.dev/valid-attachments': 'all',
      }),
    }),
  },
]

export const BROKEN: readonly string[] = KINDS.map(({ name }) => name)

function kindOf({ what }: Broken): Kind {
  const kind = KINDS.find(({ name }) => name === what)
  if (!kind) throw new Error(`there is no broken input "${what}"`)
  return kind
}

export function brokenInput(call: Broken, context: Context): Input {
  return kindOf(call).input(call, context)
}

export function brokenCodes(call: Broken): readonly number[] {
  return kindOf(call).codes
}
