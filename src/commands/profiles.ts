/** Where distributions keep CNI's directories (docs/install.md). */
export interface Profile {
  readonly binDir: string
  readonly confDir: string
}

const USUAL: Profile = { binDir: '/opt/cni/bin', confDir: '/etc/cni/net.d' }

export const PROFILES = {
  default: USUAL,
  k3s: { binDir: '/var/lib/rancher/k3s/data/cni', confDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d' },
  rke2: USUAL,
  microk8s: {
    binDir: '/var/snap/microk8s/current/opt/cni/bin',
    confDir: '/var/snap/microk8s/current/args/cni-network',
  },
  openshift: { binDir: '/var/lib/cni/bin', confDir: '/etc/kubernetes/cni/net.d' },
  minikube: USUAL,
  kind: USUAL,
} as const satisfies Readonly<Record<string, Profile>>

export type ProfileName = keyof typeof PROFILES
