import { expect, test } from 'vitest'
import { backgroundOutput, type WriteSome } from '../../src/commands/background-output'

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes)
const errorWith = (code: string) => Object.assign(new Error(code), { code })

/** An output that takes what `take` says: a number of bytes, or an error; or nothing until `open` is called. */
function outputThat(take: (bytes: Uint8Array) => number) {
  let taken = ''
  let open = () => {}
  let isOpen = true
  let whenOpen = Promise.resolve()
  const writeSome: WriteSome = async (bytes) => {
    if (!isOpen) await whenOpen
    const length = take(bytes)
    taken += decode(bytes.subarray(0, length))
    return length
  }
  return {
    writeSome,
    taken: () => taken,
    close() {
      isOpen = false
      whenOpen = new Promise((resolve) => {
        open = () => {
          isOpen = true
          resolve()
        }
      })
    },
    open: () => open(),
  }
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 100))

test('messages arrive whole and in order, through an output that takes three bytes or none at a time', async () => {
  let turn = 0
  const output = outputThat((bytes) => {
    if (turn++ % 2 === 0) throw errorWith('EAGAIN')
    return Math.min(3, bytes.length)
  })
  const { write } = backgroundOutput(output.writeSome, { patienceMs: 5_000, mostWaiting: 100 })
  await Promise.all([write('first\n'), write('second\n'), write('third\n')])
  expect(output.taken()).toBe('first\nsecond\nthird\n')
})

test('a reader that stopped holds nobody up; what found no place is counted', async () => {
  const output = outputThat((bytes) => bytes.length)
  const { write, isHeldUp } = backgroundOutput(output.writeSome, { patienceMs: 10, mostWaiting: 20 })
  output.close()
  await write('under way\n')
  expect(isHeldUp()).toBe(true)
  await write('waits\n')
  await write('two lines that\nfind no place\n')
  expect(output.taken()).toBe('')
  output.open()
  await settle()
  expect(isHeldUp()).toBe(false)
  await write('later\n')
  expect(output.taken()).toBe(
    'under way\nwaits\nip-masq: lines that are missing here, because nobody read the output in time: 2\nlater\n',
  )
})

test('a disk that is full for a while costs lines, and not the process', async () => {
  let isFull = true
  const output = outputThat((bytes) => {
    if (isFull) throw errorWith('ENOSPC')
    return bytes.length
  })
  const { write } = backgroundOutput(output.writeSome, { patienceMs: 5_000, mostWaiting: 100 })
  await write('one\n')
  await write('two\n')
  isFull = false
  await write('three\n')
  expect(output.taken()).toBe(
    'three\nip-masq: lines that are missing here, because nobody read the output in time: 2\n',
  )
})
