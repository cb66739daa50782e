import type { Attributes } from './attributes'
import type { Clock } from './clock'
import type { Digests } from './digest'
import type { Files } from './files'
import type { Globs } from './globs'
import type { NetlinkSockets } from './netlink-socket'
import type { Proc } from './proc'
import type { Processes } from './processes'
import type { Program } from './program'
import type { Root } from './root'
import type { Sockets } from './sockets'
import type { Streams } from './streams'
import type { Texts } from './text'
import type { Turns } from './turns'

/** Everything that an implementation must have, by the name of its module. */
interface System {
  readonly attributes: Attributes
  readonly clock: Clock
  readonly digest: Digests
  readonly files: Files
  readonly globs: Globs
  readonly 'netlink-socket': NetlinkSockets
  readonly proc: Proc
  readonly processes: Processes
  readonly program: Program
  readonly root: Root
  readonly sockets: Sockets
  readonly streams: Streams
  readonly text: Texts
  readonly turns: Turns
}

/** A compile error if a module lacks something that its interface promises. */
type Implementation<Modules extends System> = Modules

export type Node = Implementation<{
  attributes: typeof import('./node/attributes')
  clock: typeof import('./node/clock')
  digest: typeof import('./node/digest')
  files: typeof import('./node/files')
  globs: typeof import('./node/globs')
  'netlink-socket': typeof import('./node/netlink-socket')
  proc: typeof import('./node/proc')
  processes: typeof import('./node/processes')
  program: typeof import('./node/program')
  root: typeof import('./node/root')
  sockets: typeof import('./node/sockets')
  streams: typeof import('./node/streams')
  text: typeof import('./node/text')
  turns: typeof import('./node/turns')
}>

export type Native = Implementation<{
  attributes: typeof import('./native/attributes')
  clock: typeof import('./native/clock')
  digest: typeof import('./native/digest')
  files: typeof import('./native/files')
  globs: typeof import('./native/globs')
  'netlink-socket': typeof import('./native/netlink-socket')
  proc: typeof import('./native/proc')
  processes: typeof import('./native/processes')
  program: typeof import('./native/program')
  root: typeof import('./native/root')
  sockets: typeof import('./native/sockets')
  streams: typeof import('./native/streams')
  text: typeof import('./native/text')
  turns: typeof import('./native/turns')
}>
