/** What we build for, under the names that OCI images and releases use. */
export type Architecture = keyof typeof ARCHITECTURES

/** The same machine under the names of others. */
export const ARCHITECTURES = {
  amd64: {
    node: 'x64',
    emulator: 'qemu-x86_64-static',
    compiler: 'x86_64-linux-gnu-gcc',
    options: [],
  },
  arm64: {
    node: 'arm64',
    emulator: 'qemu-aarch64-static',
    compiler: 'aarch64-linux-gnu-gcc',
    // The compiler's functions for this ask glibc what the processor has.
    options: ['-mno-outline-atomics'],
  },
  riscv64: {
    node: 'riscv64',
    emulator: 'qemu-riscv64-static',
    compiler: 'riscv64-linux-gnu-gcc',
    options: [],
  },
} as const

export const ALL = Object.keys(ARCHITECTURES) as Architecture[]

export function isArchitecture(name: string): name is Architecture {
  return Object.hasOwn(ARCHITECTURES, name)
}

export function thisArchitecture(): Architecture {
  const found = ALL.find((name) => ARCHITECTURES[name].node === process.arch)
  if (!found)
    throw new Error(`Cannot build on ${process.arch}: use a machine that is one of ${ALL.join(', ')}`)
  return found
}
