/** Extended attributes of open files (xattr(7)): `#system/attributes`. */
export interface Attributes {
  /** Undefined where the runtime cannot see them. */
  fileAttributes(): FileAttributes | undefined
}

/** Extended attributes of files. A refused call throws an `AttributeError`. */
export interface FileAttributes {
  /** The names of the attributes; none where the file system has no attributes. */
  names(descriptor: number): string[]
  /** Undefined if there is no attribute of that name. */
  get(descriptor: number, name: string): Uint8Array | undefined
  set(descriptor: number, name: string, value: Uint8Array): void
}

export class AttributeError extends Error {
  constructor(readonly errno: number) {
    super(`error ${errno}`)
  }
}
