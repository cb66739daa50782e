import { repository, version } from '../../package.json'
import { REFERENCE } from '../../scripts/packaging/image'
import { OTHERS } from './foreign'

/**
 * What comes of the commands in the documents. Each is in one of these lists, in the words of the page, or in a block with a scene
 * (test/lab/documented.ts): test/unit/instructions.test.ts finds one that is in none, and one that is in no page any more.
 */

/** Commands that are run, one after another on one node (test/kernel/instructions.test.ts). */
export interface Story {
  /** Of test/lab/scene.ts. */
  readonly scene: string
  readonly steps: readonly Step[]
}

export interface Step {
  /** As the page has it. */
  readonly type: string
  /** What a reader fills in, by what the page has in its place. */
  readonly fillIn?: Readonly<Record<string, string>>
  /** The shell around it, with `COMMAND` in it: something that happens at the same time. */
  readonly within?: string
  /** What happened on the node before. */
  readonly after?: string
  /** Its exit status; 0 where there is none. */
  readonly status?: number
  /** What is in its output. */
  readonly prints?: readonly string[]
  /** Shell that succeeds where the command did what the page says. */
  readonly proof?: string
}

/** An image as `scripts/image` writes it. */
export const ARCHIVE = `dist/ip-masq-${version}-linux-amd64.oci.tar`

/** OWNER/ip-masq. */
const PROJECT = repository.url.replace(/^.*github\.com\/|\.git$/g, '')

const CONFLIST = '/etc/cni/net.d/10-pods.conflist'

/** A rule of somebody else stays, and nothing of the agent's. */
const AGENT = `iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE; iptables -t nat -S > rules
says='-m comment --comment "ip-masq-agent: outbound traffic is subject to MASQUERADE (must be last in chain)"'
iptables -t nat -N IP-MASQ-AGENT
iptables -t nat -A IP-MASQ-AGENT -d 10.0.0.0/8 -j RETURN
eval iptables -t nat -A IP-MASQ-AGENT "$says" -j MASQUERADE
eval iptables -t nat -A POSTROUTING "$says" -m addrtype ! --dst-type LOCAL -j IP-MASQ-AGENT`

const removeChain = (chain: string) => `chain=${chain}
iptables -t nat -S POSTROUTING | sed -n "/ -j $chain\\$/s/^-A/-D/p" | xargs -rL1 iptables -t nat
iptables -t nat -F $chain && iptables -t nat -X $chain`

/** As flannel's page asks for it; the file is complete, but for the one line. */
const keepFlannels = (kind: string, name: string) => ({
  type: `kubectl -n kube-flannel get ${kind} ${name} -o yaml | sed '/^  resourceVersion: /d' > ${name}.before.yaml`,
  proof: `! grep resourceVersion: ${name}.before.yaml && sed '/^  resourceVersion: "4711"/d' ${name}.yaml | cmp - ${name}.before.yaml`,
})

/** By what a reader is about to do. */
export const STORIES: Readonly<Record<string, Story>> = {
  'install it on one node': {
    scene: 'before',
    steps: [
      {
        type: 'dist/ip-masq install --config my.json --disable-primary-masq',
        proof: `grep -q '"ipMasq": *false' ${CONFLIST} && grep -q '"ip-masq"' ${CONFLIST} && cmp dist/ip-masq /opt/cni/bin/ip-masq`,
      },
      { type: '/opt/cni/bin/ip-masq sync', prints: ['restored shop/web-1', '1 attachment, 1 changed'] },
      { type: '/opt/cni/bin/ip-masq doctor', prints: ['has ip-masq as plugin 2 of 2', '\nhealthy'] },
      {
        type: '/opt/cni/bin/ip-masq explain NAMESPACE/POD 203.0.113.9',
        fillIn: { 'NAMESPACE/POD': 'shop/web-1' },
        prints: ['masqueraded, seen as 198.51.100.1'],
      },
      { type: 'ip-masq list', prints: ['shop/web-1', '10.244.1.7'] },
      { type: 'nft list table inet ip-masq', prints: ['map pods-ip {', '10.244.1.7 : goto policy-'] },
      {
        type: '/opt/cni/bin/ip-masq uninstall --restore-primary-masq',
        status: 1,
        prints: ['shop/web-1'],
        proof: `grep -q '"ipMasq": *true' ${CONFLIST} && ! grep '"ip-masq"' ${CONFLIST} && test -e /opt/cni/bin/ip-masq`,
      },
      {
        type: '/opt/cni/bin/ip-masq uninstall --force',
        prints: ['shop/web-1'],
        proof: '! test -e /opt/cni/bin/ip-masq && ! nft list table inet ip-masq',
      },
    ],
  },
  'install it by hand': {
    scene: 'before',
    steps: [
      {
        // The reader has downloaded one file of the release.
        type: 'sha256sum --check --ignore-missing SHA256SUMS',
        after:
          'for file in dist/ip-masq manifests/agent.yaml; do sha256sum $file; done > SHA256SUMS; mv manifests/agent.yaml .',
        prints: ['dist/ip-masq: OK'],
        proof: 'mv agent.yaml manifests',
      },
      { type: 'install -m 755 dist/ip-masq /opt/cni/bin/ip-masq', proof: '/opt/cni/bin/ip-masq --version' },
      {
        type: `install -D -m 644 ${ARCHIVE} /var/lib/rancher/k3s/agent/images/ip-masq.tar`,
        proof: 'test -s /var/lib/rancher/k3s/agent/images/ip-masq.tar',
      },
      {
        type: 'cp conf/systemd/ip-masq-sync.service /etc/systemd/system/',
        after: 'mkdir -p /etc/systemd/system',
        proof: 'test -s /etc/systemd/system/ip-masq-sync.service',
      },
      {
        // Without a systemd that could start it: no socket of one is in this /run. What it starts is in test/runtime/units.test.ts.
        type: 'systemctl enable --now ip-masq-sync.service',
        within: "unshare --mount sh -c 'mount -t tmpfs none /run; SYSTEMD_OFFLINE=1 COMMAND'",
        status: 1,
        prints: ['ip-masq-sync.service', 'Failed to connect to bus'],
        proof: 'test -s /etc/systemd/system/multi-user.target.wants/ip-masq-sync.service',
      },
    ],
  },
  'mend a node': {
    scene: 'odd',
    steps: [
      { type: 'ip-masq doctor', status: 1, prints: ['ERROR', 'shop/web-2', 'mend: ip-masq sync'] },
      { type: 'ip-masq explain shop/web-1 192.168.77.1', prints: ['masqueraded, seen as 198.51.100.1'] },
      { type: 'ip-masq explain shop/web-1 203.0.113.9', prints: ['because: nothing exempts it'] },
      {
        type: 'ip-masq sync --dry-run',
        status: 1,
        prints: ['shop/web-2', 'add element inet ip-masq pods-ip'],
      },
      { type: 'ip-masq sync', prints: ['restored shop/web-2'] },
      { type: 'ip-masq gc --dry-run', status: 1, prints: ['shop/web-3'] },
      {
        type: 'ip-masq gc',
        prints: ['shop/web-3'],
        proof: '! nft list table inet ip-masq | grep 10.244.1.10',
      },
      {
        type: 'ip-masq gc --address 10.244.1.7',
        status: 1,
        prints: ['kept shop/web-1', 'a result cache has it'],
      },
      {
        type: 'ip-masq metrics --out FILE',
        fillIn: { FILE: '/var/lib/ip-masq.prom' },
        proof: "grep -q '^ip_masq_drift' /var/lib/ip-masq.prom",
      },
      {
        type: 'nft monitor',
        // It may not listen yet.
        within: `COMMAND > seen & pid=$!
          for again in $(seq 200); do
            nft add table ip others; nft flush ruleset
            if grep -A1 'delete table' seen | grep -q ' by process '; then break; fi
          done
          kill $pid; cat seen`,
        prints: ['delete table ip others', '(nft)'],
      },
      {
        type: 'nft delete table inet ip-masq',
        after: 'ip-masq sync',
        proof: '! nft list table inet ip-masq && ip-masq sync',
      },
    ],
  },
  'come from ip-masq-agent': {
    scene: 'node',
    steps: [
      {
        type: 'kubectl -n kube-system get configmap/ip-masq-agent daemonset/ip-masq-agent -o yaml | ip-masq convert > my.json',
        proof: `grep -q '"10.0.0.0/8"' my.json && grep -q '"masqLinkLocal": true' my.json && grep -q '"toPorts": "1024-29999"' my.json`,
      },
      { type: '/opt/cni/bin/ip-masq sync --dry-run', prints: ['3 attachments, nothing to do'] },
      { type: removeChain('IP-MASQ-AGENT'), after: AGENT, proof: 'iptables -t nat -S | cmp rules -' },
      {
        type: 'ip-masq convert cni.conf > my.json',
        proof: `grep -q '"10.244.0.0/16"' my.json && dist/ip-masq install --config my.json`,
      },
    ],
  },
  'come from flannel with its own masquerade': {
    scene: 'node',
    steps: [
      keepFlannels('configmap', 'kube-flannel-cfg'),
      keepFlannels('daemonset', 'kube-flannel-ds'),
      {
        type: removeChain('FLANNEL-POSTRTG'),
        // A rule of somebody else stays.
        after: `iptables -t nat -A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE; iptables -t nat -S > rules; ${OTHERS.flannel}`,
        proof: 'iptables -t nat -S | cmp rules -',
      },
      {
        type: 'nft delete chain ip flannel-ipv4 postrtg',
        after: `bash -c '${OTHERS.flannelNft.replaceAll("'", `'\\''`)}'`,
        proof:
          "! nft list table ip flannel-ipv4 | grep masquerade && ip-masq doctor | grep 'nobody else masquerades'",
      },
    ],
  },
  'look at files before they reach a node': {
    scene: 'node',
    steps: [
      {
        type: './ip-masq validate --offline --strict --format github cni/ manifests/*.yaml',
        fillIn: { './ip-masq': 'ip-masq' },
        prints: ['2 files judged'],
      },
      {
        type: 'ip-masq explain --conf 10-pods.conflist --pod-subnet 10.244.1.0/24 shop/web-1 192.168.3.4',
        fillIn: { '10-pods.conflist': 'cni/10-pods.conflist' },
        prints: [
          '192.168.3.4: not masqueraded',
          'nonMasqueradeCIDRs[2] "192.168.0.0/16", cni/10-pods.conflist',
        ],
      },
    ],
  },
}

/** Commands that another test runs, by the path of that test. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'scripts/demo': 'test/kernel/instructions.test.ts',
  'ip-masq explain shop/web 203.0.113.9': 'test/shared/explain.test.ts',
  'ip-masq explain shop/web 192.168.77.1': 'test/shared/explain.test.ts',
  'ip-masq explain shop/web 192.168.128.0/17': 'test/shared/explain.test.ts',
  [`ctr -n k8s.io images import ${ARCHIVE}`]: 'test/runtime/image.test.ts',
  'curl 127.0.0.1:10298/readyz': 'test/runtime/image.test.ts',
}

const POD =
  'pod=$(kubectl -n kube-system get pod -l app.kubernetes.io/name=ip-masq --field-selector spec.nodeName=NODE -o name)'

/** Commands that need a cluster. kubectl and helm read each of them, and what it names is in conf/kubernetes (test/packaging/instructions.test.ts). */
export const IN_A_CLUSTER: readonly string[] = [
  'kubectl apply -k conf/kubernetes/base',
  'kubectl apply -k conf/kubernetes/flannel',
  'kubectl apply -k conf/kubernetes/canary',
  'kubectl apply -k conf/kubernetes/uninstall',
  'kubectl delete -k conf/kubernetes/base',
  'kubectl delete -k conf/kubernetes/canary',
  'kubectl -n kube-system rollout status daemonset ip-masq',
  'kubectl -n kube-system get daemonset ip-masq',
  'kubectl -n kube-system get pods -l app.kubernetes.io/name=ip-masq',
  'kubectl -n kube-system logs daemonset/ip-masq',
  'kubectl -n kube-system exec ds/ip-masq -- ip-masq doctor',
  `${POD}\nkubectl -n kube-system exec "$pod" -- ip-masq doctor`,
  [
    POD,
    'kubectl -n kube-system logs "$pod"',
    'kubectl -n kube-system exec "$pod" -- ip-masq doctor',
    'kubectl -n kube-system exec "$pod" -- ip-masq sync --dry-run',
    'kubectl -n kube-system exec "$pod" -- ip-masq gc --dry-run',
  ].join('\n'),
  'kubectl exec POD -- wget -qO- http://SERVER/',
  'kubectl describe pod web-1 -n shop',
  'kubectl label namespace NAMESPACE pod-security.kubernetes.io/enforce=privileged',
  'kubectl label node NODE ip-masq-canary=',
  'kubectl label node --all ip-masq-canary-',
  'kubectl -n kube-system delete daemonset ip-masq-agent',
  'kubectl replace -f kube-flannel-cfg.before.yaml',
  'kubectl replace -f kube-flannel-ds.before.yaml',
  ...['', '-without'].flatMap((which) => [
    `kubectl -n kube-flannel patch configmap kube-flannel-cfg --patch-file conf/kubernetes/flannel/kube-flannel-cfg${which}.yaml`,
    `kubectl -n kube-flannel patch daemonset kube-flannel-ds --type json --patch-file conf/kubernetes/flannel/kube-flannel-ds${which}.json`,
  ]),
  'helm install ip-masq charts/ip-masq --namespace kube-system --set network=cbr0 --set config.flannelSubnetFile=true',
  'helm get values flannel -n kube-flannel -o yaml > flannel-values.before.yaml',
  'helm upgrade flannel flannel/flannel -n kube-flannel --reuse-values -f flannel-values.yaml',
  'helm upgrade flannel flannel/flannel -n kube-flannel --reset-values -f flannel-values.before.yaml',
]

/** Commands that no test runs, and why. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'scripts/setup': 'scripts/test runs it before all tests',
  'scripts/setup demo && npm run build': 'scripts/test runs both before all tests',
  'scripts/test': 'it is what runs the tests',
  'scripts/image': 'it takes minutes; test/packaging/release.test.ts builds the same images',
  [`skopeo copy --all docker://${REFERENCE} docker://registry.example/ip-masq:${version}`]:
    'it needs two registries; test/packaging/release.test.ts reads the images with skopeo',
  'oc adm policy add-scc-to-user privileged -z ip-masq -n kube-system': 'it needs OpenShift, and oc',
  'calicoctl patch ippool NAME -p \'{"spec":{"natOutgoing":false}}\'': 'it needs Calico, and calicoctl',
  [`cosign verify-blob --bundle SHA256SUMS.sigstore.json SHA256SUMS --certificate-identity-regexp '^https://github.com/${PROJECT}/' --certificate-oidc-issuer https://token.actions.githubusercontent.com`]:
    'it needs a release that GitHub has signed',
  [`gh attestation verify ip-masq-*-linux-amd64.tar.gz --repo ${PROJECT}`]: 'it needs a release on GitHub',
  'journalctl -u containerd --since -10min | grep ip-masq': 'it needs a node with systemd',
  "journalctl -u containerd --since -10min | grep 'failed (delete)'": 'it needs a node with systemd',
  'conntrack -S': 'conntrack-tools are not among the tools of the tests',
}
