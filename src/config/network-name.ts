import { IDENTIFIER_ADVICE, isIdentifier } from '../cni/environment'
import { CniError, quote } from '../cni/error'
import type { JsonObject } from '../cni/json'

/** The network's name, which libcni puts into every plugin's config. */
export function parseNetworkName({ name }: JsonObject): string {
  if (isIdentifier(name)) return name
  throw new CniError('invalidConfig', `Cannot use name ${quote(name)}: ${IDENTIFIER_ADVICE}`)
}
