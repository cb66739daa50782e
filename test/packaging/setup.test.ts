import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from '../../scripts/packaging/root'
import { run } from '../lab/run'

/**
 * scripts/setup on a machine without most of the network tools: in mounts of its own, with an apt-get that only writes down its
 * arguments.
 */
test('scripts/demo needs no runtime, and what is missing is listed before it is installed', async () => {
  const home = await mkdtemp(join(tmpdir(), 'ip-masq-setup-'))
  try {
    for (const folder of ['scripts', 'bin', 'node_modules']) await mkdir(join(home, folder))
    await copyFile(join(ROOT, 'scripts/setup'), join(home, 'scripts/setup'))
    await writeFile(join(home, 'bin/apt-get'), '#!/bin/sh\necho "apt-get $*" >> "$LOG"\n', { mode: 0o755 })
    await writeFile(join(home, 'package-lock.json'), '{}')
    // npm has been here, and after the list of packages.
    await run('sh', [
      '-c',
      'touch -d "1 hour ago" "$1/package-lock.json"; touch "$1/node_modules/.package-lock.json"',
      'sh',
      home,
    ])
    const hide = ['/usr/sbin', '/sbin', '/opt', '/usr/lib/cni'].map(
      (path) => `if [ -d ${path} ]; then mount -t tmpfs none ${path}; fi`,
    )
    const script = [...hide, 'exec "$1/scripts/setup" demo >> "$LOG"'].join('\n')
    const log = join(home, 'log')
    const env = { PATH: `${home}/bin:${process.env.PATH}`, LOG: log }
    const { exitCode, stderr } = await run('unshare', ['--mount', 'sh', '-euc', script, 'sh', home], {
      env,
    })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    const [announced = '', update, install = ''] = (await readFile(log, 'utf8')).trim().split('\n')
    expect(update).toBe('apt-get update -qq')
    const packages = announced.replace('setup: installing ', '').trim().split(' ')
    expect(packages).toEqual(expect.arrayContaining(['nftables', 'containernetworking-plugins']))
    expect(packages.filter((name) => /containerd|runc|podman|conmon|skopeo|docker/.test(name))).toEqual([])
    expect(install.split(' ').slice(-packages.length)).toEqual(packages)
  } finally {
    await rm(home, { recursive: true })
  }
})
