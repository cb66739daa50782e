import { symlinkSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { validate } from '../../../src/validate/validate'
import { conflistWith, validateFiles, withFiles } from '../../lab/validation'

/** Directories, as a runtime reads them. */

const OURS = conflistWith('{ "type": "ip-masq" }')
const named = (name: string, text = OURS) => text.replace('"pods"', `"${name}"`)
const WITHOUT = '{ "cniVersion": "1.0.0", "name": "other", "plugins": [{ "type": "bridge" }] }'

test('one conflist', async () => {
  expect(await validateFiles({ '10-pods.conflist': OURS })).toEqual(['1 file judged: 0 errors, 0 warnings'])
})

describe('another file comes first:', () => {
  const notFirst = (first: string, name: string) =>
    `warning: runtimes use ${first} for pods, because it is the first file by name, and not this one: rename or remove that file, unless the runtime names "${name}" (CRI-O: cni_default_network)`

  test('without ip-masq', async () => {
    expect(await validateFiles({ '05-other.conflist': WITHOUT, '10-pods.conflist': OURS })).toEqual([
      `10-pods.conflist:1:1: ${notFirst('05-other.conflist', 'pods')}`,
      '2 files judged: 0 errors, 1 warning',
    ])
  })

  test('capital letters come before small ones', async () => {
    expect(await validateFiles({ 'a.conflist': OURS, 'B.conflist': WITHOUT })).toEqual([
      `a.conflist:1:1: ${notFirst('B.conflist', 'pods')}`,
      '2 files judged: 0 errors, 1 warning',
    ])
  })

  test('of the same name', async () => {
    expect(await validateFiles({ '10-a.conflist': OURS, '20-b.conflist': OURS })).toEqual([
      '20-b.conflist:3:3: warning: the network "pods" is in 10-a.conflist already, which comes first by name, so this file is not used: rename or remove one of them',
      '2 files judged: 0 errors, 1 warning',
    ])
  })

  test('a later one without ip-masq is nothing to us', async () => {
    expect(await validateFiles({ '10-pods.conflist': OURS, '90-other.conflist': WITHOUT })).toEqual([
      '2 files judged: 0 errors, 0 warnings',
    ])
  })

  test('Multus is first everywhere, and takes the next one for pods', async () => {
    const multus = '{ "cniVersion": "1.0.0", "name": "multus", "type": "multus" }'
    expect(await validateFiles({ '00-multus.conf': multus, '10-pods.conflist': OURS })).toEqual([
      '2 files judged: 0 errors, 0 warnings',
    ])
  })

  test('and this one has no name, so that no runtime can name it', async () => {
    const [rank] = await validateFiles({
      '05-other.conflist': WITHOUT,
      '10-pods.json': '{ "cniVersion": "1.0.0", "type": "ip-masq" }',
    })
    expect(rank).toBe(
      '10-pods.json:1:1: warning: runtimes use 05-other.conflist for pods, because it is the first file by name, and not this one: rename or remove that file',
    )
  })
})

describe('a broken file', () => {
  const broken =
    'Cannot read this: it is not JSON, and runtimes read nothing else: the text ends too early: write a key in double quotes, or "}"'

  test('that is first keeps containerd from loading any network', async () => {
    expect(await validateFiles({ '05-broken.conf': '{', '10-pods.conflist': OURS })).toEqual([
      `05-broken.conf:1:2: error: ${broken}; containerd takes this file first, and loads no network because of it`,
      '10-pods.conflist:1:1: warning: runtimes use 05-broken.conf for pods, because it is the first file by name, and not this one: rename or remove that file, unless the runtime names "pods" (CRI-O: cni_default_network)',
      '2 files judged: 1 error, 1 warning',
    ])
  })

  test('that comes later and is not ours is a warning', async () => {
    expect(await validateFiles({ '10-pods.conflist': OURS, '90-broken.conf': '{' })).toEqual([
      `90-broken.conf:1:2: warning: ${broken}`,
      '2 files judged: 0 errors, 1 warning',
    ])
  })

  test('that is ours is an error wherever it is', async () => {
    const text = '{ "plugins": [{ "type": "ip-masq" }] '
    expect((await validateFiles({ '10-a.conflist': WITHOUT, '20-b.conflist': text }))[0]).toBe(
      '20-b.conflist:1:38: error: Cannot read this: it is not JSON, and runtimes read nothing else: the text ends too early: write "," or the closing bracket',
    )
  })
})

describe('a directory with the name of a conflist', () => {
  test('is skipped, as libcni skips it', async () => {
    expect(await validateFiles({ '05-old.conflist/.keep': '', '10-pods.conflist': OURS })).toEqual([
      '05-old.conflist: note: this is a directory, and runtimes read files only: they skip it',
      '1 file judged: 0 errors, 0 warnings',
    ])
  })

  test('to which a link leads is read by libcni, which fails', async () => {
    const found = await withFiles({ '10-pods.conflist': OURS, 'old/.keep': '' }, async (directory) => {
      for (const name of ['05-old.conflist', '90-old.conflist']) symlinkSync('old', join(directory, name))
      const { findings } = await validate([directory], { readsNamedFiles: true, filesRoot: '' })
      return findings.map(({ severity, file, message }) => `${basename(file)}: ${severity}: ${message}`)
    })
    expect(found).toEqual([
      '05-old.conflist: error: Cannot read this: it is a link to a directory; remove it, or let it lead to a file; containerd takes this file first, and loads no network because of it',
      '10-pods.conflist: warning: runtimes use 05-old.conflist for pods, because it is the first file by name, and not this one: rename or remove that file, unless the runtime names "pods" (CRI-O: cni_default_network)',
      '90-old.conflist: warning: Cannot read this: it is a link to a directory; remove it, or let it lead to a file',
    ])
  })
})

describe('drop-ins:', () => {
  const bare = WITHOUT.replace('"other"', '"pods"')
  const note =
    'note: with it the network "pods" has bridge, portmap, ip-masq; containerd reads it from 2.1 on, and CRI-O calls it on ADD only'

  test('the list that comes of them', async () => {
    const files = {
      '10-pods.conflist': bare,
      'pods/10-portmap.conf': '{ "type": "portmap" }',
      'pods/90-ip-masq.conf': '{ "type": "ip-masq",\n  "ipv4": 1 }',
      'pods/README': 'not read',
    }
    expect(await validateFiles(files)).toEqual([
      `pods/90-ip-masq.conf:1:1: ${note}`,
      'pods/90-ip-masq.conf:2:3: error: Cannot use ipv4 1: write true or false',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('ip-masq in the list and as a drop-in', async () => {
    const files = { '10-pods.conflist': OURS, 'pods/90-ip-masq.conf': '{ "type": "ip-masq" }' }
    expect(await validateFiles(files)).toEqual([
      'pods/90-ip-masq.conf:1:1: note: with it the network "pods" has bridge, ip-masq, ip-masq; containerd reads it from 2.1 on, and CRI-O calls it on ADD only',
      'pods/90-ip-masq.conf:1:3: error: Cannot use ip-masq 2 times in one network: the last one decides; remove the others',
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('a list that loads none', async () => {
    const only = (text: string) => text.replace('"name"', '"loadOnlyInlinedPlugins": true, "name"')
    const dropIn = { 'pods/90-ip-masq.conf': '{ "type": "ip-masq" }' }
    const refused =
      'pods/90-ip-masq.conf:1:1: error: Cannot load this: 10-pods.conflist says loadOnlyInlinedPlugins; write ip-masq into its list'
    const without = await validateFiles({ '10-pods.conflist': only(bare), ...dropIn })
    expect(without[0]).toBe(refused)
    // Both together are not twice: a runtime reads one of them.
    expect(await validateFiles({ '10-pods.conflist': only(OURS), ...dropIn })).toEqual([
      refused,
      '1 file judged: 1 error, 0 warnings',
    ])
  })

  test('one that is broken', async () => {
    const files = { '10-pods.conflist': OURS, 'pods/a.conf': '{}', 'pods/b.conf': '' }
    expect(await validateFiles(files)).toEqual([
      'pods/a.conf:1:1: error: Cannot load this: it has no "type"; a drop-in is the config of one plugin',
      'pods/b.conf:1:1: error: Cannot read this: it is empty; write a JSON object, { ... }',
      '1 file judged: 2 errors, 0 warnings',
    ])
  })

  test('one for a network that there is not', async () => {
    const files = { '10-pods.conflist': OURS, 'podz/90-ip-masq.conf': '{ "type": "ip-masq", "ipv4": 1 }' }
    expect(
      (await validateFiles(files)).map((line) => line.replace(/of \S+ defines/, 'of DIR defines')),
    ).toEqual([
      'podz/90-ip-masq.conf:1:1: warning: no file of DIR defines the network "podz", so no runtime reads this',
      'podz/90-ip-masq.conf:1:22: error: Cannot use ipv4 1: write true or false',
      '1 file judged: 1 error, 1 warning',
    ])
  })
})

test('a file that cannot be read may be all that there is', async () => {
  const found = await withFiles({ '.keep': '' }, async (directory) => {
    symlinkSync('none', join(directory, '10-pods.conflist'))
    const { findings } = await validate([directory], { readsNamedFiles: true, filesRoot: '' })
    return findings.map(({ rule, message }) => `${rule}: ${message}`)
  })
  expect(found).toEqual(['unreadable: Cannot read this: there is no such file or directory'])
})

describe('nothing to judge:', () => {
  const last = async (files: Record<string, string>) =>
    (await validateFiles(files)).map((line) => line.replace(/^\/\S+: /, 'DIR: '))

  test('an empty directory, or one with other files only', async () => {
    const expected = [
      'DIR: error: Cannot find anything to validate: there is no conflist in it, and no manifest with a config of ours',
      '0 files judged: 1 error, 0 warnings',
    ]
    expect(await last({ '.keep': '' })).toEqual(expected)
    expect(
      await last({ 'values.yaml': 'replicas: 1\n', '10-pods.conflist.bak': OURS, 'sub/10.conflist': OURS }),
    ).toEqual(expected)
  })

  test('no conflist of ours', async () => {
    expect(await last({ '10-other.conflist': WITHOUT })).toEqual([
      'DIR: warning: no conflist in it has ip-masq: run ip-masq install, or name another directory',
      '1 file judged: 0 errors, 1 warning',
    ])
  })
})

test('several directories and files, each judged by itself', async () => {
  const files = {
    'a/10-pods.conflist': OURS,
    'b/10-pods.conflist': named('blue', OURS.replace('false', 'true')),
    'c.yaml': 'masqLinkLocal: maybe\n',
  }
  expect(await validateFiles(files, { paths: ['a', 'b', 'c.yaml', 'c.yaml'] })).toEqual([
    'b/10-pods.conflist:6:7: error: Cannot exempt anything: bridge masquerades too, and knows no exemptions; write "ipMasq": false in its part',
    'c.yaml:1:1: error: Cannot use this: masqLinkLocal "maybe": write true or false',
    '4 files judged: 2 errors, 0 warnings',
  ])
})
