import type { CommandRow, Parsed } from '../table/command'
import { DESTINATION, FILE, POD_SUBNET, SUBJECT } from '../table/kinds'
import { CACHE_DIR, CONF_DIR, JSON_OUTPUT, PROFILE, ROOT, WRONG_COMMAND_LINE } from './common'

export const EXPLAIN = {
  name: 'explain',
  summary: "say what happens to a pod's packets to a destination, and which line decides",
  about: [
    'Goes by the rules in the kernel, and compares them with the conflist. It asks the kernel for the route, and so for the address that a masqueraded packet gets, and looks at the rules of others on the node: source NAT that comes before our rules or changes what we leave alone, and filters that stop packets or keep them from being tracked. It changes nothing.',
    'A Service address has become the address of an endpoint when packets come to these rules, so ask about the endpoint. Connections that are established keep what was decided at their first packet.',
  ],
  positionals: {
    source: { value: 'SOURCE', kind: SUBJECT, help: 'the address of a pod, or NAMESPACE/NAME' },
    destination: {
      value: 'DESTINATION',
      kind: DESTINATION,
      help: 'an address, a prefix, or with --resolve a name',
    },
  },
  options: {
    resolve: { flag: '--resolve', help: "look the name up with the node's own resolver (getent)" },
    conf: {
      flag: '--conf',
      value: 'FILE',
      kind: FILE,
      help: 'go by this file alone, a conflist or ip-masq\'s part of one ("-": stdin), before anything is rolled out; this needs neither a node nor root',
    },
    podSubnets: {
      flag: '--pod-subnet',
      value: 'CIDR',
      kind: POD_SUBNET,
      repeated: true,
      onlyWith: ['--conf'],
      help: 'the subnet that IPAM gives the pod, which is exempt',
    },
    confDir: CONF_DIR,
    profile: PROFILE,
    cacheDirs: CACHE_DIR,
    json: JSON_OUTPUT,
    root: ROOT,
  },
  examples: [
    { command: 'ip-masq explain shop/web-1 203.0.113.9', about: 'Which address a peer sees, and why.' },
    {
      command: 'ip-masq explain 10.244.1.7 10.0.0.0/8',
      about: 'Which parts of a prefix are exempt, and by which line.',
    },
    {
      command: 'ip-masq explain --conf 10-pods.conflist --pod-subnet 10.244.1.0/24 10.244.1.7 192.168.3.4',
      about: 'The same for a file that no node has yet.',
    },
  ],
  statuses: [
    [0, 'The answer is certain, and the kernel has what the conflist asks for.'],
    [
      1,
      'Something could not be looked at, rules of others change the answer, the kernel has other rules than the conflist asks for, or the source is unknown.',
    ],
    WRONG_COMMAND_LINE,
  ],
} as const satisfies CommandRow

export type ExplainOptions = Parsed<typeof EXPLAIN>
