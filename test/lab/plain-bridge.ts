import { patienceSeconds } from './patience'

/** What a node has before ip-masq is installed there. */

/** A container's line: the source that a destination sees. */
export const talk = (destination: string) => `echo hi | nc -w ${patienceSeconds(20)} ${destination} 7007`

/** A network as it was before: bridge masquerades, and knows no exemptions. */
export const CONFLIST = `${JSON.stringify(
  {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        ipMasq: true,
        ipam: {
          type: 'host-local',
          ranges: [[{ subnet: '10.244.1.0/24' }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
    ],
  },
  null,
  2,
)}\n`
