import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { ROOT } from './root'

/**
 * Debian's package of Prometheus, with promtool, as this machine's apt sources have it. apt checks its signature. It is unpacked in
 * .cache and not installed: its post-install script would start a server on this machine.
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
    await execa('apt-get', ['download', '-qq', '-o', 'APT::Sandbox::User=root', 'prometheus'], { cwd: work })
    const [file = ''] = await readdir(work)
    await execa('dpkg-deb', ['--extract', join(work, file), join(work, 'files')])
    await rm(directory, { recursive: true, force: true })
    await rename(join(work, 'files'), directory)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return programs
}
