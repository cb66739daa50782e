/**
 * Whether a value is one of `logFile`: an absolute path that ends in ".log". Programs that read every file of a directory (cron.d,
 * sudoers.d, profile.d, net.d) leave such a name alone, and so does whoever reads a fixed one (ld.so.preload). So somebody who may only
 * write a network's config, as the author of a NetworkAttachmentDefinition may, cannot make root write what another program obeys.
 */
export function isLogFile(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && value.endsWith('.log')
}
