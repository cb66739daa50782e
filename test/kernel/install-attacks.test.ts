import { chown, mkdir, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createInstallSite, type InstallSite, WITHOUT_RUNTIMES } from '../lab/install-site'
import type { Namespace } from '../lab/namespace'
import { EXECUTABLES, runCommand } from '../lab/plugin'

/** What somebody on the node who is not root can do to `ip-masq install`, which is. */

let site: InstallSite
let node: Namespace
let [directory, binDir, confDir] = ['', '', '']
beforeEach(async () => {
  site = await createInstallSite('attack')
  ;({ node, directory, binDir, confDir } = site)
})
afterEach(() => site.delete())

const MALLORY = 65534
const CONFLIST = '{ "cniVersion": "1.0.0", "name": "pods", "plugins": [{ "type": "bridge" }] }\n'
const conflist = (name = '10-pods.conflist') => join(confDir, name)
const install = (options = '', before = WITHOUT_RUNTIMES) =>
  runCommand(node, `install --bin-dir ${binDir} --conf-dir ${confDir} ${options}`, { before })
/** As a user without rights, in a directory: the way there may be closed to others. */
const asMallory = `setpriv --reuid=${MALLORY} --regid=${MALLORY} --clear-groups`
const race = (cwd: string, program: string, ...args: string[]) =>
  node.start(
    'bash',
    '-c',
    'cd "$1"; shift; exec "$@"',
    'race',
    cwd,
    ...asMallory.split(' '),
    'perl',
    '-e',
    program,
    ...args,
  )
const linkOfMallory = (cwd: string, target: string, name: string) =>
  node.sh(`cd ${cwd}; ${asMallory} ln -s ${target} ${name}`)

/** Exchanges every unfinished file of install for a link to a file of root's. */
const SWAP_FILES = `my $count = 0;
  while (1) {
    my @names = glob(".ip-masq-unfinished.* .ip-masq-reload.*");
    for (@names) { symlink($ARGV[0], "link-$count") and rename("link-$count", $_); $count++ }
  }`
/** A name is a link to a directory of root's, then nothing, then a directory of its own, in a loop. */
const SWAP_DIRECTORY = `while (1) { symlink($ARGV[0], "pods"); unlink("pods"); mkdir("pods"); unlink(glob("pods/*")); rmdir("pods"); }`

describe('a program that somebody else chose is never started', () => {
  /** In a PID namespace of its own, with a process that calls itself so, from a program of its own. */
  const amongProcesses = async (name: string, version: string) => {
    const program = join(directory, name)
    await writeFile(
      `${program}.c`,
      `#include <unistd.h>
#include <fcntl.h>
#include <string.h>
int main(int argc, char **argv) {
  if (argc > 1 && !strcmp(argv[1], "--version")) {
    close(open("${directory}/executed", O_CREAT | O_WRONLY, 0600));
    write(1, "containerd containerd.io ${version} abc\\n", ${version.length + 30});
    return 0;
  }
  sleep(60);
}
`,
    )
    await node.sh(`gcc -o ${program} ${program}.c`)
    const line = `${EXECUTABLES.native} install --bin-dir ${binDir} --conf-dir ${confDir}`
    return node.sh(
      `unshare --mount --pid --fork --mount-proc --kill-child bash -euc 'cd ${directory}; ${WITHOUT_RUNTIMES}
        ${asMallory} ./${name} & sleep 0.2; cat /proc/$!/comm; ${line}'`,
    )
  }

  test.each(['containerd', 'crio'])('as a process that calls itself %s', async (name) => {
    await writeFile(conflist(), CONFLIST)
    const said = await amongProcesses(name, '2.3.0')
    expect(said.split('\n').slice(0, 3)).toEqual([
      name,
      `installed ${binDir}/ip-masq`,
      `added ip-masq to ${conflist()}`,
    ])
    expect(await readdir(directory)).not.toContain('executed')
  })

  const socketOf = (name: string) => `mount -t tmpfs -o mode=755 none /run; mkdir /run/${name}
    perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Local => "/run/${name}/${name}.sock", Listen => 9); sleep 60' > /dev/null 2>&1 &
    for i in $(seq 50); do [ -S /run/${name}/${name}.sock ] && break; sleep 0.1; done`
  const SOCKET = socketOf('containerd')
  /** Over the machine's own /usr/local/bin, in one command's mount namespace. */
  const programAt = (version: string) => `mount -t tmpfs none /usr/local/bin
    printf '#!/bin/sh\\n: > ${directory}/executed\\necho containerd github.com/containerd/containerd v${version}\\n' > /usr/local/bin/containerd
    chmod 755 /usr/local/bin/containerd`
  // The machine's own containerd has to be absent, which an overlay can make it.
  const alone = (version: string) => `mkdir -p ${directory}/up ${directory}/work
    mount -t overlay overlay -o lowerdir=/usr/bin,upperdir=${directory}/up,workdir=${directory}/work /usr/bin
    rm -f /usr/bin/containerd
    ${programAt(version)}`

  test.each([
    ['root alone could have put it there', '', 'drop-in', true],
    ['it belongs to somebody', `chown ${MALLORY} /usr/local/bin/containerd`, 'patch', false],
    ['everybody may write to it', 'chmod 777 /usr/local/bin/containerd', 'patch', false],
    ['its directory belongs to somebody', `chown ${MALLORY} /usr/local/bin`, 'patch', false],
    ['a group may write to its directory', 'chmod 775 /usr/local/bin', 'patch', false],
    [
      'it is a link into a directory of somebody',
      `mkdir /usr/local/bin/x; mv /usr/local/bin/containerd /usr/local/bin/x; ln -s x/containerd /usr/local/bin/containerd; chown ${MALLORY} /usr/local/bin/x`,
      'patch',
      false,
    ],
    [
      'it is a link in a directory of root',
      'mv /usr/local/bin/containerd /usr/local/bin/c; ln -s c /usr/local/bin/containerd',
      'drop-in',
      true,
    ],
  ])('at a fixed path, when %s', async (_, change, mode, isExecuted) => {
    await writeFile(conflist(), CONFLIST)
    const { status, stdout } = await install('', `set -e\n${alone('2.3.0')}\n${change}\n${SOCKET}`)
    expect(status).toBe(0)
    expect(stdout).toContain(
      mode === 'patch'
        ? `added ip-masq to ${conflist()}`
        : `with the drop-in ${confDir}/pods/90-ip-masq.conf`,
    )
    expect((await readdir(directory)).includes('executed')).toBe(isExecuted)
  })

  test('a program that came after the runtime started is not what runs', async () => {
    await writeFile(conflist(), CONFLIST)
    const { stdout } = await install(
      '',
      `set -e\n${alone('1.7.0')}\n${SOCKET}\nsleep 0.1; ${programAt('2.3.0')}`,
    )
    expect(stdout).toContain(`added ip-masq to ${conflist()}`)
    expect(await readdir(directory)).not.toContain('executed')
  })

  test('a socket that somebody made is no runtime', async () => {
    await writeFile(conflist(), CONFLIST)
    const theirs = `chown ${MALLORY} /run/containerd/containerd.sock`
    const { stdout } = await install('', `set -e\n${alone('2.3.0')}\n${SOCKET}\n${theirs}`)
    expect(stdout).toContain(`added ip-masq to ${conflist()}`)
  })

  test('--mode drop-in is refused where CRI-O answers', async () => {
    await writeFile(conflist(), CONFLIST)
    const crio = socketOf('crio')
    expect(await install('--mode drop-in', crio)).toMatchObject({
      status: 1,
      stderr:
        'Cannot install into network pods with --mode drop-in: CRI-O runs here, and calls a drop-in on ADD but never on DEL or CHECK; use --mode patch',
    })
    expect(await readFile(conflist(), 'utf8')).toBe(CONFLIST)
  })
})

describe('the executable', () => {
  test('is always of root, whoever owned the one before', async () => {
    await writeFile(conflist(), CONFLIST)
    await install()
    await chown(join(binDir, 'ip-masq'), MALLORY, MALLORY)
    expect((await install()).lines[0]).toBe(`installed ${binDir}/ip-masq`)
    const { uid, gid, mode } = await stat(join(binDir, 'ip-masq'))
    expect({ uid, gid, mode: mode & 0o7777 }).toEqual({ uid: 0, gid: 0, mode: 0o755 })
  })

  test('in a directory where others may write: install says so', async () => {
    await writeFile(conflist(), CONFLIST)
    await chown(binDir, 1001, 1001)
    expect((await install()).stdout).toContain(
      `left to do: users other than root can replace the executables in ${binDir}, which root runs: run chown root:root and chmod go-w on ${binDir}`,
    )
  })

  test('a link that is planted for it is replaced, and not followed', async () => {
    await writeFile(conflist(), CONFLIST)
    await chown(binDir, MALLORY, MALLORY)
    await writeFile(join(directory, 'of-root'), 'precious')
    await linkOfMallory(binDir, join(directory, 'of-root'), 'ip-masq')
    expect((await install()).lines[0]).toBe(`installed ${binDir}/ip-masq`)
    expect(await readFile(join(directory, 'of-root'), 'utf8')).toBe('precious')
    expect((await stat(join(binDir, 'ip-masq'))).isFile()).toBe(true)
  })
})

describe('in a directory of another user', () => {
  let victim = ''
  beforeEach(async () => {
    victim = join(directory, 'of-root')
    await writeFile(victim, CONFLIST, { mode: 0o600 })
    await chown(confDir, MALLORY, MALLORY)
  })
  const unharmed = async () => {
    const { uid, gid, mode } = await stat(victim)
    expect({ uid, gid, mode: mode & 0o7777, text: await readFile(victim, 'utf8') }).toEqual({
      ...{ uid: 0, gid: 0, mode: 0o600 },
      text: CONFLIST,
    })
  }

  test('whoever exchanges unfinished files for links gets nothing of root', async () => {
    race(confDir, SWAP_FILES, victim)
    for (let i = 0; i < 20; i++) {
      await rm(conflist(), { force: true })
      await writeFile(conflist(), CONFLIST)
      await chown(conflist(), MALLORY, MALLORY)
      const { stderr } = await install(`--config ${await configFile(i)}`)
      expect(stderr).toMatch(
        /^$|another process replaced the file|there is no such file|its links lead|it belongs to user 0/,
      )
      await unharmed()
    }
  })

  /**
   * Install with a new config, and what Mallory does at the moment when it is about to make the call whose line in
   * strace's log matches: the call is held up for as long as that takes. A run before it finds out which one it is.
   */
  const exchangeAt = async (
    call: string,
    pattern: RegExp,
    exchange: (name: string) => string,
    mode = 'patch',
  ) => {
    const log = join(directory, 'strace')
    const trace = `strace -f -qq -e trace=${call} -o ${log}`
    const run = async (i: number, strace: string) => {
      const line = `install --bin-dir ${binDir} --conf-dir ${confDir} --mode ${mode} --config ${await configFile(i)}`
      const script = `${WITHOUT_RUNTIMES}; exec ${strace} ${EXECUTABLES.native} ${line}`
      return execa('ip', ['netns', 'exec', node.name, 'bash', '-c', script], { reject: false })
    }
    await install(`--mode ${mode}`)
    await run(1, trace)
    const lines = (await readFile(log, 'utf8')).split('\n')
    const at = lines.findIndex((text) => pattern.test(text))
    const thread = lines[at]?.split(' ')[0]
    const number = lines.slice(0, at + 1).filter((text) => text.split(' ')[0] === thread).length
    await rm(log)
    const when = `${Math.max(1, number - 2)}..${number + 2}`
    const held = run(2, `${trace} -e inject=${call}:delay_enter=1000000:when=${when}`)
    let name: string | undefined
    for (let i = 0; i < 2000 && name === undefined; i++) {
      const text = await readFile(log, 'utf8').catch(() => '')
      name = text.split('\n').flatMap((one) => pattern.exec(one)?.[1] ?? [])[0]
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
    if (name === undefined) throw new Error(`no ${call} that matches ${pattern}`)
    await node.sh(`cd ${confDir}; ${asMallory} sh -c '${exchange(name)}'`)
    return held
  }

  test('a link that is planted under the very name of the unfinished file is not followed', async () => {
    await writeFile(conflist(), CONFLIST)
    await chown(conflist(), MALLORY, MALLORY)
    const pattern = /(\.ip-masq-unfinished\.[0-9.a-f]+)", [A-Z_|]*O_CREAT/
    const { exitCode } = await exchangeAt('openat', pattern, (name) => `ln -s ${victim} ${name}`)
    expect(exitCode).toBe(1)
    await unharmed()
  })

  test('an unfinished file that is exchanged for a link before its mode is set gives away nothing of root', async () => {
    await writeFile(conflist(), CONFLIST)
    await chown(conflist(), MALLORY, MALLORY)
    const swap = `for file in .ip-masq-unfinished.*; do ln -s ${victim} theirs; mv -f theirs $file; done`
    const { exitCode, stderr } = await exchangeAt('fchmod', /(fchmod)\(/, () => swap)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('another process replaced the file')
    await unharmed()
  })

  test('a directory that is exchanged for a link to one of root, after it was looked at, is not entered', async () => {
    const ofRoot = join(directory, 'of-root.d')
    await writeFile(conflist(), CONFLIST)
    await mkdir(ofRoot)
    const swap = `mv pods was; ln -s ${ofRoot} pods`
    const pattern = /fd\/\d+\/(pods)", [A-Z_|]*O_DIRECTORY/
    const { exitCode } = await exchangeAt('openat', pattern, () => swap, 'drop-in')
    expect(exitCode).toBe(1)
    expect(await readdir(ofRoot)).toEqual([])
  })

  const configFile = async (i: number) => {
    const file = join(directory, 'config.json')
    await writeFile(file, JSON.stringify({ nonMasqueradeCIDRs: [`10.${i}.0.0/16`] }))
    return file
  }

  test('links under the name of the reload file, of the backup and of the drop-in are not followed', async () => {
    await writeFile(conflist(), CONFLIST)
    await chown(conflist(), MALLORY, MALLORY)
    await symlink(victim, join(confDir, '.ip-masq-reload'))
    await symlink(victim, conflist('10-pods.conflist.ip-masq-backup'))
    await mkdir(join(confDir, 'pods'))
    await symlink(victim, join(confDir, 'pods', '90-ip-masq.conf'))
    await install('--mode drop-in')
    await unharmed()
    await rm(join(confDir, 'pods'), { recursive: true })
    await install('--mode patch')
    await unharmed()
    expect(await readlink(join(confDir, '.ip-masq-reload'))).toBe(victim)
  })

  test('a link of theirs to a conflist of root is refused, and so is one to a directory', async () => {
    await linkOfMallory(confDir, victim, '10-pods.conflist')
    expect((await install()).stderr).toContain(
      `it belongs to user 0, and a link that user ${MALLORY} can change leads to it`,
    )
    await unharmed()
    await rm(conflist())
    await writeFile(conflist(), CONFLIST)
    await mkdir(join(directory, 'of-root.d'))
    await linkOfMallory(confDir, join(directory, 'of-root.d'), 'pods')
    expect(await install('--mode drop-in')).toMatchObject({ status: 1 })
    expect(await readdir(join(directory, 'of-root.d'))).toEqual([])
  })

  test('a directory of drop-ins that is exchanged for a link to one of root stays empty', async () => {
    await writeFile(conflist(), CONFLIST)
    await mkdir(join(directory, 'of-root.d'))
    race(confDir, SWAP_DIRECTORY, join(directory, 'of-root.d'))
    for (let i = 0; i < 6; i++) await install(`--mode drop-in --config ${await configFile(i)}`)
    expect(await readdir(join(directory, 'of-root.d'))).toEqual([])
    expect((await stat(join(directory, 'of-root.d'))).uid).toBe(0)
  })

  test('a conflist that is a FIFO does not hold install up', async () => {
    await node.sh(`mkfifo ${conflist()}`)
    expect((await install()).stderr).toContain('it is not a regular file')
  })
})
