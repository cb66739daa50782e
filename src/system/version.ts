import { version } from '../../package.json'

/** Our own. The protocol's versions are in `cni/version.ts`. */
export const VERSION: string = version
