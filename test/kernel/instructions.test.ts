import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT } from '../../scripts/packaging/root'
import { blocksIn } from '../lab/markdown'
import { PAGES, readPage } from '../lab/pages'
import { EXECUTABLES } from '../lab/plugin'
import { run } from '../lab/run'
import { createScene } from '../lab/scene'
import { ARCHIVE, STORIES, type Step } from '../lab/stories'

/** The commands in the documents do what the pages promise: test/lab/stories.ts. */

/** Where the reader has unpacked or cloned ip-masq, with files of their own. */
let home: string
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'ip-masq-reader-'))
  for (const folder of ['bin', 'cni', 'dist', 'manifests']) await mkdir(join(home, folder))
  await cp(EXECUTABLES.native, join(home, 'dist/ip-masq'))
  await symlink(join(ROOT, 'conf'), join(home, 'conf'))
  const config = jsonIn('README.md').find((text) => !text.includes('"type"')) ?? ''
  const files = {
    'my.json': config,
    [ARCHIVE]: 'an image',
    'cni/10-pods.conflist': CONFLIST,
    'manifests/agent.yaml': AGENT,
    'cni.conf': WINDOWS,
    'kube-flannel-cfg.yaml': flannels('v1', 'ConfigMap', 'data:\n  cni-conf.json: "{}"'),
    'kube-flannel-ds.yaml': flannels('apps/v1', 'DaemonSet', 'spec:\n  revisionHistoryLimit: 10'),
    'bin/kubectl': KUBECTL,
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(home, name), text, { mode: 0o755 })
})
afterAll(() => rm(home, { recursive: true }))

const jsonIn = (page: string) =>
  blocksIn(readPage(page)).flatMap(({ language, text }) => (language === 'json' ? [text] : []))

const CONFLIST = `{
  "cniVersion": "1.0.0",
  "name": "pods",
  "plugins": [
    { "type": "bridge", "ipam": { "type": "host-local", "subnet": "10.244.1.0/24" } },
    { "type": "ip-masq", "nonMasqueradeCIDRs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] }
  ]
}
`

/** It has the three answers that the pages ask for. */
const KUBECTL = `#!/bin/sh
case "$*" in
  '-n kube-system get configmap/ip-masq-agent daemonset/ip-masq-agent -o yaml') cat manifests/agent.yaml ;;
  '-n kube-flannel get configmap kube-flannel-cfg -o yaml') cat kube-flannel-cfg.yaml ;;
  '-n kube-flannel get daemonset kube-flannel-ds -o yaml') cat kube-flannel-ds.yaml ;;
  *) exit 1 ;;
esac
`

/** As kubectl prints an object. */
const flannels = (apiVersion: string, kind: string, body: string) => `apiVersion: ${apiVersion}
${body}
kind: ${kind}
metadata:
  name: kube-flannel
  namespace: kube-flannel
  resourceVersion: "4711"
`

/** As the API server has them. */
const AGENT = `apiVersion: v1
items:
- apiVersion: v1
  data:
    config: |
      nonMasqueradeCIDRs:
        - 10.0.0.0/8
      masqLinkLocal: true
  kind: ConfigMap
  metadata:
    name: ip-masq-agent
    namespace: kube-system
- apiVersion: apps/v1
  kind: DaemonSet
  metadata:
    name: ip-masq-agent
    namespace: kube-system
  spec:
    template:
      spec:
        containers:
        - args:
          - --to-ports=1024-29999
          image: registry.k8s.io/networking/ip-masq-agent:v2.12.0
          name: ip-masq-agent
kind: List
metadata:
  resourceVersion: ""
`

const WINDOWS = JSON.stringify({
  cniVersion: '0.3.0',
  name: 'l2bridge',
  type: 'win-bridge',
  policies: [
    {
      name: 'EndpointPolicy',
      value: { Type: 'OutBoundNAT', ExceptionList: ['10.244.0.0/16', '10.96.0.0/12'] },
    },
  ],
})

test.each(Object.entries(STORIES))('%s', async (_, { scene: name, steps }) => {
  const scene = await createScene(name)
  try {
    for (const step of steps) {
      const { type, after, status = 0, prints = [], proof } = step
      if (after !== undefined) expect(await scene.type(after, home)).toMatchObject({ status: 0 })
      const typed = await scene.type(filledIn(step), home)
      const output = `${typed.stdout}\n${typed.stderr}`
      expect({ type, output, status: typed.status }).toEqual({ type, output, status })
      for (const text of prints)
        expect({ type, output }).toEqual({ type, output: expect.stringContaining(text) })
      if (proof !== undefined)
        expect({ type, ...(await scene.type(proof, home)) }).toMatchObject({ type, status: 0 })
    }
  } finally {
    await scene.delete()
  }
})

function filledIn({ type, fillIn = {}, within = 'COMMAND' }: Step): string {
  const command = Object.entries(fillIn).reduce((line, [place, value]) => line.replace(place, value), type)
  return within.replace('COMMAND', () => command)
}

test('what scripts/demo shows is as it expects', async () => {
  // Without lab.sh, which prepares the machine and builds, and has done both for this run.
  const { exitCode, stdout } = await run(join(ROOT, 'scripts/run-typescript'), [
    join(ROOT, 'scripts/demo.ts'),
  ])
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: expect.stringMatching(/All as expected\.$/) })
  expect(stdout).not.toContain('WRONG')
})

describe.each(['sh', 'bash'])('%s', (shell) => {
  test('reads the commands of every page', async () => {
    const blocks = PAGES.flatMap((page) => blocksIn(readPage(page))).filter(
      ({ language }) => language === 'sh',
    )
    const unread = await Promise.all(blocks.map(({ text }) => run(shell, ['-nc', text])))
    expect(unread.map(({ stderr }) => stderr).filter((text) => text !== '')).toEqual([])
  })
})
