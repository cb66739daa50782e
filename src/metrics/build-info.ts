import { VERSION } from '../system/version'
import type { Sample } from './exposition'

export const BUILD_INFO: Sample = {
  metric: 'ip_masq_build_info',
  labels: { version: VERSION },
  value: 1,
}
