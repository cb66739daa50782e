import type { BackendSetting } from '../backend/backend'
import { CniError } from '../cni/error'
import type { Config } from './keys'

/** The backend that the config requests. The reference plugins spell `backend` as `ipMasqBackend`. */
export function backendSetting({ backend, ipMasqBackend }: Config): BackendSetting {
  if (ipMasqBackend === undefined || ipMasqBackend === backend) return backend
  if (backend === 'auto') return ipMasqBackend
  throw new CniError(
    'invalidConfig',
    `Cannot use backend "${backend}" together with ipMasqBackend "${ipMasqBackend}": write one of them`,
  )
}
