import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { version } from '../../package.json'
import { IMAGE } from '../../scripts/packaging/image'
import { ROOT } from '../../scripts/packaging/root'
import { run } from '../lab/run'

/** The scripts that write the version and the owner, in a copy of the repository. */

const copy = join(tmpdir(), `ip-masq-names-${process.pid}`)
beforeAll(() =>
  sh(`mkdir ${copy}; cd ${ROOT}; git -c safe.directory='*' ls-files -z | xargs -0 cp -a --parents -t ${copy}
    cd ${copy}; git init -q; git add -A`),
)
beforeEach(() => inCopy('git checkout -q .'))
afterAll(() => rm(copy, { recursive: true, force: true }))

async function sh(line: string) {
  const { exitCode, stdout, stderr } = await run('bash', ['-euo', 'pipefail', '-c', line])
  return { exitCode, stdout, stderr }
}
const inCopy = (line: string) => sh(`cd ${copy}; ${line}`)
const read = (path: string) => readFile(join(copy, path), 'utf8')

test('set-version writes a version into every file that names it', async () => {
  const { stdout } = await inCopy('scripts/set-version 9.8.7-rc.1')
  expect(stdout).toMatch(
    /^The version is 9\.8\.7-rc\.1\. Write its entry at the top of CHANGELOG\.md: ## 9\.8\.7-rc\.1 \(/,
  )
  expect(JSON.parse(await read('package.json')).version).toBe('9.8.7-rc.1')
  expect(JSON.parse(await read('package-lock.json'))).toMatchObject({
    version: '9.8.7-rc.1',
    packages: { '': { version: '9.8.7-rc.1' } },
  })
  expect(await read('charts/ip-masq/Chart.yaml')).toMatch(
    /^version: 9\.8\.7-rc\.1\nappVersion: 9\.8\.7-rc\.1$/m,
  )
  expect(await read('conf/kubernetes/base/kustomization.yaml')).toContain('newTag: 9.8.7-rc.1\n')
  // What is left is about versions of CNI.
  const left = await inCopy(`grep -rhF '${version}' package*.json conf docs charts || true`)
  expect(left.stdout.split('\n').filter((line) => !line.includes('`cniVersion`'))).toEqual([])
  // And the next version finds all of it again.
  await inCopy('scripts/set-version 10.0.0')
  expect((await inCopy(`grep -rF '9.8.7' package*.json conf docs charts || true`)).stdout).toBe('')
})

test('set-owner writes an owner into every file that names it', async () => {
  expect(await inCopy('scripts/set-owner Some-One')).toMatchObject({ exitCode: 0 })
  const { repository, bugs } = JSON.parse(await read('package.json'))
  expect({ url: repository.url, bugs }).toEqual({
    url: 'git+https://github.com/Some-One/ip-masq.git',
    bugs: 'https://github.com/Some-One/ip-masq/issues',
  })
  for (const file of [
    'conf/kubernetes/base/daemonset.yaml',
    'charts/ip-masq/values.yaml',
    'docs/kubernetes.md',
  ])
    expect(await read(file)).toContain('ghcr.io/some-one/ip-masq')
  expect(await read('SECURITY.md')).toContain('--repo Some-One/ip-masq')
  const [, owner] = IMAGE.split('/')
  const left = await inCopy(
    `git grep -nE '(github[.]com|ghcr[.]io)/${owner}/' -- . ':!CHANGELOG.md' ':!test' || true`,
  )
  expect(left.stdout).toBe('')
})

test.each([
  ['set-version', '1.2', 'Cannot set the version: write it as in "scripts/set-version 0.2.0"'],
  [
    'set-owner',
    'a/b',
    'Cannot set the owner: write the name of a user or an organization, as in "scripts/set-owner example"',
  ],
])('%s %s is refused, and changes nothing', async (script, argument, message) => {
  expect(await inCopy(`scripts/${script} ${argument}`)).toEqual({ exitCode: 2, stdout: '', stderr: message })
  expect((await inCopy('git diff --stat')).stdout).toBe('')
})
