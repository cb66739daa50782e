import { readSystemFile } from '#system/proc'

/** The kernel's modules, from files alone: a question to a part of the kernel that is not there may load it. */
export interface ModuleLists {
  /** /proc/modules. Undefined: this kernel loads no modules. */
  readonly loaded: string | undefined
  /** `modules.builtin`, one path for each line. */
  readonly builtIn: string | undefined
  /** `modules.dep`: every module that can be loaded. */
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

/** Where modprobe looks, and where NixOS has it look. */
const DIRECTORIES = ['/lib/modules', '/run/booted-system/kernel-modules/lib/modules']

/** `unknown`: no list says; either it is part of the kernel or there is none. */
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

/** Whether a question to this part of the kernel loads nothing. */
export function mayAsk(presence: Presence): boolean {
  return presence !== 'loadable'
}
