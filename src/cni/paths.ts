/** Where libcni and the runtimes keep their files by default. */
export const DEFAULT_CONF_DIR = '/etc/cni/net.d'
export const DEFAULT_CACHE_DIR = '/var/lib/cni'
