/** Node has no function for it. */
export function canChangeRoot(): boolean {
  return false
}

export function changeRoot(_path: string): boolean {
  return false
}
