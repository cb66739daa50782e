/** The directories in which distributions keep CNI's files (docs/install.md). */
export interface Profile {
  readonly binDir: string
  readonly confDir: string
  /** The command that makes the runtime read its conf directory again. */
  readonly restart: string
}

const USUAL: Profile = {
  binDir: '/opt/cni/bin',
  confDir: '/etc/cni/net.d',
  restart: 'systemctl restart containerd',
}

export const PROFILES = {
  default: USUAL,
  k3s: {
    binDir: '/var/lib/rancher/k3s/data/cni',
    confDir: '/var/lib/rancher/k3s/agent/etc/cni/net.d',
    restart: 'systemctl restart k3s, or k3s-agent',
  },
  rke2: { ...USUAL, restart: 'systemctl restart rke2-server, or rke2-agent' },
  microk8s: {
    binDir: '/var/snap/microk8s/current/opt/cni/bin',
    confDir: '/var/snap/microk8s/current/args/cni-network',
    restart: 'snap restart microk8s.daemon-containerd',
  },
  openshift: {
    binDir: '/var/lib/cni/bin',
    confDir: '/etc/kubernetes/cni/net.d',
    restart: 'systemctl restart crio',
  },
  minikube: USUAL,
  kind: USUAL,
} as const satisfies Readonly<Record<string, Profile>>

export type ProfileName = keyof typeof PROFILES
