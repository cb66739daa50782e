import { constants } from 'node:fs'
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { engines, repository } from '../../package.json'
import { ROOT } from '../../scripts/packaging/root'

/** The workflows run what anybody can run: our scripts, and what hands a release over. */

const directory = join(ROOT, '.github/workflows')

interface Job {
  readonly uses?: string
  readonly steps?: readonly { readonly run?: string; readonly uses?: string }[]
  readonly strategy?: { readonly matrix: { readonly include: readonly { node: number; runner: string }[] } }
}

interface Workflow {
  readonly on: Readonly<Record<string, unknown>>
  readonly concurrency?: { readonly group: string; readonly 'cancel-in-progress': boolean }
  readonly jobs: Readonly<Record<string, Job>>
}

const workflow = async (file: string): Promise<Workflow> =>
  parse(await readFile(join(directory, file), 'utf8'))

test.each(await readdir(directory))('%s', async (file) => {
  const text = await readFile(join(directory, file), 'utf8')
  const { jobs } = await workflow(file)
  const steps = Object.values(jobs).flatMap((job) => job.steps ?? [])
  const lines = steps.flatMap(({ run }) => (run === undefined ? [] : [run]))
  expect(lines.length).toBeGreaterThan(0)
  for (const line of lines) {
    const [command = ''] = line.split(' ')
    expect(line.trim().split('\n')).toHaveLength(1)
    expect(line).not.toMatch(/[;|&]/)
    if (['gh', 'cosign'].includes(command)) continue
    expect(command).toMatch(/^scripts\//)
    await access(join(ROOT, command), constants.X_OK)
  }
  // A tag can be moved to other code; a commit cannot.
  for (const { uses } of steps) if (uses) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
  for (const line of text.split('\n'))
    if (/uses: \w+\/|uses: [\w-]+\/[\w-]+@/.test(line)) expect(line).toMatch(/ # v\d+\.\d+\.\d+$/)
  for (const { uses } of Object.values(jobs)) if (uses) await access(join(ROOT, uses))
})

test('each change is tested once, with every Node.js that is supported, and on arm64', async () => {
  const { on, concurrency, jobs } = await workflow('test.yml')
  // A branch of this repository with a pull request would be tested twice if each push were.
  expect(on.push).toEqual({ branches: ['main'] })
  expect(on).toHaveProperty('pull_request')
  expect(concurrency).toMatchObject({ 'cancel-in-progress': true })
  const matrix = jobs.test?.strategy?.matrix.include ?? []
  expect(matrix.map(({ node }) => node)).toEqual(expect.arrayContaining([20, 22, 24]))
  expect(matrix.map(({ runner }) => runner)).toContainEqual(expect.stringMatching(/-arm$/))
  // The oldest of them is the one that a contributor gets.
  const oldest = Math.min(...matrix.map(({ node }) => node))
  expect((await readFile(join(ROOT, '.nvmrc'), 'utf8')).trim()).toBe(`${oldest}`)
  expect(engines.node).toBe(`>=${oldest}`)
})

test('a release is tested, built, signed, attested and published, with its image', async () => {
  const { on, jobs } = await workflow('release.yml')
  expect(on).toEqual({ push: { tags: ['v*'] } })
  expect(jobs.test?.uses).toBe('./.github/workflows/test.yml')
  const done = Object.values(jobs).flatMap(({ steps = [] }) =>
    steps.map(({ run, uses }) => run ?? uses ?? ''),
  )
  const order = [
    /^scripts\/release /,
    /^cosign sign-blob .* dist\/release\/SHA256SUMS$/,
    /^actions\/attest-build-provenance@/,
    /^scripts\/push-image docker:\/\/ghcr\.io\//,
    /^cosign sign /,
    /^gh release create /,
  ].map((pattern) => done.findIndex((step) => pattern.test(step)))
  expect(order).toEqual([...order].sort((a, b) => a - b))
  expect(order).not.toContain(-1)
})

interface Form {
  readonly body: readonly {
    readonly type: string
    readonly id?: string
    readonly attributes: { readonly label?: string; readonly value?: string }
    readonly validations?: { readonly required: boolean }
  }[]
}

test.each(['bug.yml', 'feature.yml'])('the form %s is one that GitHub takes', async (file) => {
  const { name, description, body }: Form & Record<string, unknown> = parse(
    await readFile(join(ROOT, '.github/ISSUE_TEMPLATE', file), 'utf8'),
  )
  expect({ name, description }).toEqual({ name: expect.any(String), description: expect.any(String) })
  const [texts, fields] = [true, false].map((isText) =>
    body.filter(({ type }) => (type === 'markdown') === isText),
  )
  for (const { attributes } of texts ?? []) expect(attributes.value).toEqual(expect.any(String))
  for (const { type, attributes } of fields ?? []) {
    expect(['textarea', 'input', 'dropdown', 'checkboxes']).toContain(type)
    expect(attributes.label).toEqual(expect.any(String))
  }
  const ids = (fields ?? []).map(({ id }) => id)
  expect(new Set(ids).size).toBe(ids.length)
})

test('a weakness has a private way, in this repository', async () => {
  const { contact_links: links } = parse(
    await readFile(join(ROOT, '.github/ISSUE_TEMPLATE/config.yml'), 'utf8'),
  )
  expect(links).toEqual([
    {
      name: expect.any(String),
      url: `${repository.url.replace(/^git\+|\.git$/g, '')}/security/advisories/new`,
      about: expect.any(String),
    },
  ])
})

test('whoever reports a defect is asked what doctor says', async () => {
  const { body }: Form = parse(await readFile(join(ROOT, '.github/ISSUE_TEMPLATE/bug.yml'), 'utf8'))
  const asked = body.find(({ attributes }) => attributes.label?.includes('`ip-masq doctor --json`'))
  expect(asked?.validations?.required).toBe(true)
})

test('no script of a package runs when the packages are installed', async () => {
  const files = [
    ...(await readdir(join(ROOT, 'scripts'))),
    ...(await readdir(join(ROOT, 'scripts/packaging'))),
  ]
  const installs: string[] = []
  for (const file of [
    ...files.map((name) => `scripts/${name}`),
    ...files.map((name) => `scripts/packaging/${name}`),
  ])
    for (const line of (await readFile(join(ROOT, file), 'utf8').catch(() => '')).split('\n'))
      if (/\bnpm (ci|install|i) /.test(line)) installs.push(line.trim())
  expect(installs.length).toBeGreaterThan(0)
  for (const line of installs) expect(line).toContain(' --ignore-scripts ')
})
