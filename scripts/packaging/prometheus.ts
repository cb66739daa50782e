import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { ROOT } from './root'

/**
 * Debian's package of Prometheus, as this machine's apt sources have it, and that of promtool where it is one of its own (Debian 13). apt
 * checks their signatures. They are unpacked in .cache and not installed: the post-install script would start a server on this machine.
 */
export async function prometheusPrograms(): Promise<Readonly<Record<'prometheus' | 'promtool', string>>> {
  const directory = join(ROOT, '.cache/prometheus')
  const programs = {
    prometheus: join(directory, 'usr/bin/prometheus'),
    promtool: join(directory, 'usr/bin/promtool'),
  }
  if (existsSync(programs.promtool)) return programs
  await mkdir(dirname(directory), { recursive: true })
  // Unpacked next to its place and renamed: what is there is whole.
  const work = await mkdtemp(`${directory}.`)
  try {
    const files = join(work, 'files')
    for (const name of ['prometheus', 'promtool'])
      if (!existsSync(join(files, 'usr/bin', name))) await unpack(name, work, files)
    await rm(directory, { recursive: true, force: true })
    await rename(files, directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return programs
}

async function unpack(name: string, work: string, files: string): Promise<void> {
  await execa('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', name], { cwd: work })
  const archive = (await readdir(work)).find((file) => file.startsWith(`${name}_`)) ?? ''
  await execa('dpkg-deb', ['--extract', join(work, archive), files])
}
