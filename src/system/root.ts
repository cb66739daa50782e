/** The root directory: `#system/root`. */
export interface Root {
  /** Whether the runtime has a function for it. */
  canChangeRoot(): boolean
  /** chroot(2) for the whole process, and chdir to `/`. Returns whether the system allowed both. */
  changeRoot(path: string): boolean
}
