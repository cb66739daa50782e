import { readSystemFile } from '#system/proc'

/** The kernel's modules, from files alone. A question to a part of the kernel that is not loaded may load it. */
export interface ModuleLists {
  /** The modules in /proc/modules. Undefined if this kernel loads no modules. */
  readonly loaded: string | undefined
  /** `modules.builtin`, one path for each line. */
  readonly builtIn: string | undefined
  /** `modules.dep`, which has every module that can be loaded. */
  readonly loadable: () => string | undefined
}

export function readModuleLists(): ModuleLists {
  const release = readSystemFile('/proc/sys/kernel/osrelease')?.trim() ?? ''
  const read = (file: string) => {
    for (const directory of DIRECTORIES) {
      const text = readSystemFile(`${directory}/${release}/${file}`)
      if (text !== undefined) return text
    }
    return undefined
  }
  return {
    loaded: readSystemFile('/proc/modules'),
    builtIn: read('modules.builtin'),
    loadable: () => read('modules.dep'),
  }
}

/** The directories in which modprobe looks, and those of NixOS. */
const DIRECTORIES = ['/lib/modules', '/run/booted-system/kernel-modules/lib/modules']

/** `unknown`: no list has it. It is a part of the kernel, or does not exist. */
export type Presence = 'loaded' | 'built in' | 'loadable' | 'absent' | 'unknown'

export function presenceOf(name: string, { loaded, builtIn, loadable }: ModuleLists): Presence {
  if (loaded === undefined) return 'unknown'
  if (`\n${loaded}`.includes(`\n${name} `)) return 'loaded'
  if (hasFile(builtIn, name)) return 'built in'
  const all = loadable()
  if (all === undefined) return 'unknown'
  return hasFile(all, name) ? 'loadable' : 'absent'
}

/** `kernel/net/netfilter/nf_tables.ko.zst` */
function hasFile(list: string | undefined, name: string): boolean {
  return list?.includes(`/${name}.ko`) ?? false
}

/** Whether a question to this part of the kernel loads no module. */
export function mayAsk(presence: Presence): boolean {
  return presence !== 'loadable'
}
