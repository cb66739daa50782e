/** Node has no words for it. */
export function canChangeRoot(): boolean {
  return false
}

export function changeRoot(_path: string): boolean {
  return false
}
