import { version } from '../../package.json'

/** The version of ip-masq. The protocol's versions are in `cni/version.ts`. */
export const VERSION: string = version
