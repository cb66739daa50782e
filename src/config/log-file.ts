/**
 * Whether a value may be `logFile`: an absolute path that ends in ".log". Programs that read every file of a directory
 * (cron.d, sudoers.d, profile.d, net.d) ignore such a name, and so does whoever reads a fixed name (ld.so.preload). So
 * somebody who may only write a network's config, for example the author of a NetworkAttachmentDefinition, cannot make
 * root write what another program obeys.
 */
export function isLogFile(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && value.endsWith('.log')
}
