import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execa } from 'execa'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { dependencies, version } from '../../package.json'
import { ALL, ARCHITECTURES, type Architecture, thisArchitecture } from '../../scripts/packaging/architecture'
import { bundle } from '../../scripts/packaging/bundle'
import { C_LIBRARY_VERSION } from '../../scripts/packaging/c-library'
import { ENGINE_VERSION } from '../../scripts/packaging/engine'
import { bundledPackages } from '../../scripts/packaging/notices'
import { ROOT } from '../../scripts/packaging/root'

/** `scripts/release`, as its user unpacks it. */

let directory: string
const [here, there] = ['here', 'there'] as const
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'ip-masq-release-'))
  const sources = await copySources('sources')
  await execa('bash', ['-euc', 'git init -q; git add -A; echo "of nobody" > docs/stray.md'], { cwd: sources })
  const args = ['scripts/release.ts', version, join(directory, here)]
  await execa('scripts/run-typescript', args, { cwd: sources })
})
afterAll(() => rm(directory, { recursive: true }))

/**
 * The sources in another directory. node_modules and the compiled engines are the same files; where /tmp is a file system of its own (Debian
 * 13), node_modules is a copy.
 */
async function copySources(name: string): Promise<string> {
  const copy = join(directory, name)
  await execa('bash', [
    '-euc',
    `set -o pipefail; mkdir "$1"; cd ${ROOT}; git -c safe.directory='*' ls-files -z | xargs -0 cp -a --parents -t "$1"
     cp -al node_modules "$1" 2>/dev/null || { rm -rf "$1/node_modules"; cp -a node_modules "$1"; }
     mkdir "$1/.cache"; ln -s "$PWD/.cache/engine" "$1/.cache"`,
    'bash',
    copy,
  ])
  return copy
}

const name = (architecture: Architecture) => `ip-masq-${version}-linux-${architecture}`
const sums = (which: string) => readFile(join(directory, which, 'SHA256SUMS'), 'utf8')

test('the files, and sums that sha256sum agrees with', async () => {
  const files = [
    ...ALL.flatMap((architecture) => [`${name(architecture)}.oci.tar`, `${name(architecture)}.tar.gz`]),
    `ip-masq-${version}.cdx.json`,
    `ip-masq-${version}.oci.tar`,
  ]
  expect((await readdir(join(directory, here))).sort()).toEqual(['SHA256SUMS', ...files].sort())
  const { stdout } = await execa('sha256sum', ['-c', 'SHA256SUMS'], { cwd: join(directory, here) })
  expect(stdout.split('\n').sort()).toEqual(files.map((file) => `${file}: OK`).sort())
})

test('another build has the same bytes: elsewhere, later, with another umask, time zone and language', async () => {
  const copy = await copySources('sources of another')
  const build = `umask 077; cd "$1"; exec scripts/run-typescript scripts/release.ts ${version} "$2"`
  const environment = { TZ: 'Asia/Tokyo', LC_ALL: 'C', HOME: directory }
  await execa('bash', ['-euc', build, 'bash', copy, join(directory, there)], { env: environment })
  expect(await sums(there)).toBe(await sums(here))
})

describe.each(ALL)('%s', (architecture) => {
  const root = () => join(directory, architecture)

  test('the tarball is one directory with what a user needs', async () => {
    await execa('tar', ['-xzf', join(directory, here, `${name(architecture)}.tar.gz`), '-C', directory])
    const unpacked = join(directory, name(architecture))
    expect((await readdir(unpacked)).sort()).toEqual(
      [
        ...[
          'CHANGELOG.md',
          'LICENSE',
          'README.md',
          'SECURITY.md',
          'THIRD-PARTY-NOTICES.md',
          'charts',
          'conf',
          'docs',
          'ip-masq',
          'ip-masq.js',
          'share',
        ],
      ].sort(),
    )
    const { stdout } = await execa('find', ['charts', 'conf', 'docs', '-type', 'f'], { cwd: unpacked })
    const { stdout: tracked } = await execa(
      'git',
      ['-c', 'safe.directory=*', 'ls-files', 'charts', 'conf', 'docs'],
      {
        cwd: ROOT,
      },
    )
    // One that was lying about is not among them.
    expect(stdout.split('\n').sort()).toEqual(tracked.split('\n').sort())
    const { stdout: said } = await execa(join(unpacked, 'ip-masq.js'), ['--version'])
    expect(said).toBe(version)
    // For /usr/local, byte for byte what install --docs writes there.
    const { stdout: shared } = await execa('find', ['share', '-type', 'f'], { cwd: unpacked })
    expect(shared.split('\n').sort()).toEqual([
      'share/bash-completion/completions/ip-masq',
      'share/fish/vendor_completions.d/ip-masq.fish',
      'share/man/man8/ip-masq.8',
      'share/zsh/site-functions/_ip-masq',
    ])
    const { stdout: printed } = await execa(join(unpacked, 'ip-masq.js'), ['completion', 'bash'])
    const script = await readFile(join(unpacked, 'share/bash-completion/completions/ip-masq'), 'utf8')
    expect(script).toBe(`${printed}\n`)
  })

  test('the image is for this architecture, and has the executable and its terms, and no other file', async () => {
    const archive = join(directory, here, `${name(architecture)}.oci.tar`)
    const { stdout } = await execa('skopeo', ['inspect', '--config', `oci-archive:${archive}`])
    expect(JSON.parse(stdout)).toMatchObject({
      architecture,
      os: 'linux',
      config: {
        Entrypoint: ['/usr/local/bin/ip-masq'],
        Labels: { 'org.opencontainers.image.version': version },
      },
    })
    await execa('bash', [
      '-euc',
      `mkdir "$2"; cd "$2"; skopeo copy -q "oci-archive:$1" dir:"$2.layers"
       for l in $(skopeo inspect "dir:$2.layers" | grep -oP '"sha256:\\K[0-9a-f]{64}' | sort -u); do
         if [ -e "$2.layers/$l" ]; then tar -xzf "$2.layers/$l" 2>/dev/null || true; fi
       done`,
      'bash',
      archive,
      root(),
    ])
    const { stdout: files } = await execa('find', ['.', '-type', 'f'], { cwd: root() })
    expect(files.split('\n').sort()).toEqual([
      './LICENSE',
      './THIRD-PARTY-NOTICES.md',
      './usr/local/bin/ip-masq',
    ])
  })

  test('the executable starts with no other files than those of the image', async () => {
    const emulated = `exec ${ARCHITECTURES[architecture].emulator} "$1/usr/local/bin/ip-masq" --version`
    const native =
      'mkdir "$1/proc"; mount -t proc proc "$1/proc"; exec chroot "$1" /usr/local/bin/ip-masq --version'
    const script = architecture === thisArchitecture() ? native : emulated
    const { stdout } = await execa('unshare', ['--mount', 'bash', '-euc', script, 'bash', root()])
    expect(stdout).toBe(version)
  })
})

test('one archive holds the images of all architectures, for one tag in a registry', async () => {
  const both = join(directory, here, `ip-masq-${version}.oci.tar`)
  const digests = await Promise.all(
    ALL.map(async (architecture) => {
      const alone = `oci-archive:${join(directory, here, `${name(architecture)}.oci.tar`)}`
      const platform = ['--override-arch', architecture]
      const of = async (from: string) =>
        JSON.parse((await execa('skopeo', [...platform, 'inspect', from])).stdout).Digest as string
      const { stdout } = await execa('skopeo', [...platform, 'inspect', '--config', `oci-archive:${both}`])
      expect(JSON.parse(stdout).architecture).toBe(architecture)
      return of(alone)
    }),
  )
  const { stdout } = await execa('skopeo', ['inspect', '--raw', `oci-archive:${both}`])
  expect(JSON.parse(stdout).manifests).toMatchObject(
    ALL.map((architecture, i) => ({ platform: { architecture, os: 'linux' }, digest: digests[i] })),
  )
})

test('a directory that is not empty is left alone', async () => {
  const { exitCode, stderr } = await execa(
    `${ROOT}/scripts/run-typescript`,
    ['scripts/release.ts', version, join(directory, here)],
    { cwd: ROOT, reject: false },
  )
  expect({ exitCode, stderr }).toEqual({
    exitCode: 1,
    stderr: `Cannot release into ${join(directory, here)}: it is not empty; remove it, or name another`,
  })
})

test('the bill of materials and the notices name all that is in the bundle', async () => {
  const bill = JSON.parse(await readFile(join(directory, here, `ip-masq-${version}.cdx.json`), 'utf8'))
  expect(bill).toMatchObject({
    bomFormat: 'CycloneDX',
    metadata: { component: { type: 'application', name: 'ip-masq', version } },
  })
  const bundled = await bundledPackages(await bundle(join(directory, 'bundle.js')))
  const packages = bundled.map((one) => `${one.name} ${one.version}`)
  for (const dependency of Object.keys(dependencies))
    expect(packages).toContainEqual(expect.stringMatching(new RegExp(`^${dependency} `)))
  const billed: string[] = bill.components.map(
    (component: { name: string; version: string }) => `${component.name} ${component.version}`,
  )
  expect(billed.sort()).toEqual(
    [`quickjs ${ENGINE_VERSION}`, `musl ${C_LIBRARY_VERSION}`, ...packages].sort(),
  )
  expect(JSON.stringify(bill)).not.toMatch(/registry|file:/)
  const notices = await readFile(join(directory, name('amd64'), 'THIRD-PARTY-NOTICES.md'), 'utf8')
  const headings = notices.split('\n').flatMap((line) => /^## (\S+ [\d.-]+), /.exec(line)?.[1] ?? [])
  expect(headings.sort()).toEqual(
    [`QuickJS ${ENGINE_VERSION}`, `musl ${C_LIBRARY_VERSION}`, ...packages].sort(),
  )
})

describe('is refused', () => {
  const release = (...args: string[]) =>
    execa(`${ROOT}/scripts/run-typescript`, ['scripts/release.ts', ...args], { cwd: ROOT, reject: false })

  test.each([
    [['9.9.9'], `Cannot release "9.9.9": package.json says ${version}; write that, or change it there first`],
    [[], 'Write scripts/release VERSION [DIRECTORY]'],
  ])('%j', async (args, said) => {
    expect(await release(...args)).toMatchObject({ exitCode: 1, stdout: '', stderr: said })
  })
})
