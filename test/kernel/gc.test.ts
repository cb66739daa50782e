import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { overNft } from '../lab/carrier'
import { createNamespace, type Namespace } from '../lab/namespace'
import { callPlugin, configWith, succeed } from '../lab/plugin'
import { podAddresses } from '../lab/table'

/** The verb GC, and an nft that refuses. */

let node: Namespace
beforeEach(async () => {
  node = await createNamespace('gc')
  await succeed(node, 'ADD', { containerID: 'a', config: configWith(['10.244.1.1/24', 'fd00::1/64']) })
  await succeed(node, 'ADD', { containerID: 'b', config: configWith(['10.244.1.2/24']) })
})
afterEach(() => node.delete())

const VALID = 'cni.dev/valid-attachments'

describe('with an nft that refuses something', () => {
  overNft()

  test('GC carries on past what nft refuses, and reports it at the end', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'ip-masq-gc-'))
    const script = `#!/bin/bash
      PATH=/usr/sbin:/usr/bin:/bin:/sbin; input=$(cat)
      [[ $input == *"delete element"*10.244.1.2* ]] && echo "Error: of some sort" >&2 && exit 1
      exec nft "$@" <<< "$input"`
    await writeFile(join(directory, 'nft'), script, { mode: 0o755 })
    const config = { cniVersion: '1.1.0', name: 'cbr0', type: 'ip-masq', [VALID]: [] }
    const { json } = await callPlugin(node, 'GC', { config, environment: { PATH: directory } })
    await rm(directory, { recursive: true })
    expect(json).toEqual({
      cniVersion: '1.1.0',
      code: 11,
      msg: 'Cannot remove 1 of the stale rules; try again',
      details: 'b eth0: Cannot remove the rules: nft refused the request',
    })
    expect(await podAddresses(node)).toEqual(['10.244.1.2'])
  })
})
