/** Node has no semaphores. */
export function takeTurn(_milliseconds: number): () => void {
  return () => {}
}
