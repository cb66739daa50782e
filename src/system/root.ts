/** The root directory: `#system/root`. */
export interface Root {
  /** Whether the runtime can. */
  canChangeRoot(): boolean
  /** chroot(2) for the whole process, and chdir to `/`; whether the system allowed both. */
  changeRoot(path: string): boolean
}
