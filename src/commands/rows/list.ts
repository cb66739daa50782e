import type { CommandRow, Parsed } from '../table/command'
import { ADDRESS, type Kind, UnusableError } from '../table/kinds'
import { CACHE_DIR, CONF_DIR, JSON_OUTPUT, PROFILE, ROOT, WRONG_COMMAND_LINE } from './common'

const POD: Kind<string> = {
  read(text) {
    if (/^[^/\s]+\/[^/\s]+$/.test(text)) return text
    throw new UnusableError('write namespace and name, as in shop/web-1')
  },
  complete: 'nothing',
}

const NETWORK: Kind<string> = {
  read(text) {
    if (text !== '') return text
    throw new UnusableError('write the name of a network')
  },
  complete: 'nothing',
}

export const LIST = {
  name: 'list',
  summary: 'list the attachments that have rules here, and what is odd about them',
  about: [
    'Reads the rules back from the kernel, in nftables and in each kind of iptables, and compares them with the result caches and the conflists. It changes nothing.',
    'ODD says where an attachment has no cache entry, its network namespace is gone, its rules are missing or altered, or its policy is not the one that its conflist asks for now.',
  ],
  positionals: {},
  options: {
    policies: {
      flag: '--policies',
      help: 'list the policies instead: what each exempts and why, and who has it',
    },
    pods: {
      flag: '--pod',
      value: 'NAMESPACE/NAME',
      kind: POD,
      repeated: true,
      help: 'only the attachments of this pod',
    },
    addresses: {
      flag: '--address',
      value: 'ADDRESS',
      kind: ADDRESS,
      repeated: true,
      help: 'only the attachments that have this address',
    },
    networks: {
      flag: '--network',
      value: 'NAME',
      kind: NETWORK,
      repeated: true,
      help: 'only the attachments of this network',
    },
    json: JSON_OUTPUT,
    confDir: CONF_DIR,
    profile: PROFILE,
    cacheDirs: CACHE_DIR,
    root: ROOT,
  },
  examples: [
    { command: 'ip-masq list', about: 'All pods with rules, where they are, and what is odd.' },
    {
      command: 'ip-masq list --policies --pod shop/web-1',
      about: 'What the policy of one pod exempts, and which line of which file says so.',
    },
    {
      command: 'ip-masq list --json --network cbr0',
      about: 'The same for one network, as JSON for a program.',
    },
  ],
  statuses: [
    [0, 'The list is on stdout, whether or not something in it is odd.'],
    [1, 'Something could not be looked at, or what you asked for is not here; stderr says what.'],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type ListOptions = Parsed<typeof LIST>
