import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { valuesSchema } from './chart-schema'
import { ROOT } from './root'

/**
 * The templates of the Helm chart are made from conf/kubernetes/base, so that there is one source of what a cluster gets. Each
 * replacement puts a value of the chart in the place of a text of the manifest, which has to be there once.
 */

const BASE = join(ROOT, 'conf/kubernetes/base')

type Replacement = readonly [text: string, template: string]

const DAEMON_SET: readonly Replacement[] = [
  ['metadata:\n  name: ip-masq\n', 'metadata:\n  name: ip-masq\n  namespace: {{ .Release.Namespace }}\n'],
  [
    '        kubernetes.io/os: linux\n',
    '        kubernetes.io/os: linux\n{{- with .Values.nodeSelector }}\n{{ toYaml . | indent 8 }}\n{{- end }}\n',
  ],
  [
    '      tolerations:\n        # Every node has pods.\n        - operator: Exists\n',
    '{{- with .Values.tolerations }}\n      tolerations:\n{{ toYaml . | indent 8 }}\n{{- end }}\n',
  ],
  [
    '          image: ghcr.io/ip-masq/ip-masq\n',
    '          image: "{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}"\n',
  ],
  [
    '          imagePullPolicy: IfNotPresent\n',
    '          imagePullPolicy: {{ .Values.image.pullPolicy }}\n',
  ],
  [
    '            # The network of the first conflist. An overlay names its own, with --network=NAME.\n',
    `{{- if ne .Values.profile "default" }}
            - --profile={{ .Values.profile }}
{{- end }}
{{- with .Values.network }}
            - --network={{ . }}
{{- end }}
`,
  ],
  [
    '            - --disable-primary-masq\n',
    '{{- if .Values.disablePrimaryMasq }}\n            - --disable-primary-masq\n{{- end }}\n',
  ],
  [
    '            - --health-port=10298\n',
    `            - --health-port={{ .Values.healthPort }}
{{- range .Values.extraArgs }}
            - {{ . | quote }}
{{- end }}
`,
  ],
  [
    '              value: /host\n',
    '              value: /host\n{{- with .Values.extraEnv }}\n{{ toYaml . | indent 12 }}\n{{- end }}\n',
  ],
  [
    `            requests:
              cpu: 10m
              memory: 16Mi
            limits:
              memory: 128Mi
`,
    '{{ toYaml .Values.resources | indent 12 }}\n',
  ],
  [
    '              port: 10298\n              path: /livez\n',
    '              port: {{ .Values.healthPort }}\n              path: /livez\n',
  ],
  [
    '              port: 10298\n              path: /readyz\n',
    '              port: {{ .Values.healthPort }}\n              path: /readyz\n',
  ],
  [
    '                - SYS_CHROOT\n',
    `                - SYS_CHROOT
{{- if .Values.iptablesLegacy }}
                - NET_RAW
{{- end }}
{{- if .Values.otherOwners }}
                - DAC_OVERRIDE
                - CHOWN
{{- end }}
`,
  ],
  [
    '              mountPath: /host/opt/cni/bin\n',
    '              mountPath: /host{{ include "ip-masq.binDir" . }}\n',
  ],
  [
    '              mountPath: /host/etc/cni/net.d\n',
    '              mountPath: /host{{ include "ip-masq.confDir" . }}\n',
  ],
  ['            path: /opt/cni/bin\n', '            path: {{ include "ip-masq.binDir" . }}\n'],
  ['            path: /etc/cni/net.d\n', '            path: {{ include "ip-masq.confDir" . }}\n'],
]

const CONFIG: readonly Replacement[] = [
  ['  name: ip-masq\n', '  name: ip-masq\n  namespace: {{ .Release.Namespace }}\n'],
  [
    `    {
      "nonMasqueradeCIDRs": ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"]
    }
`,
    '{{ .Values.config | toPrettyJson | indent 4 }}\n',
  ],
]

const SERVICE_ACCOUNT: readonly Replacement[] = [
  ['  name: ip-masq\n', '  name: ip-masq\n  namespace: {{ .Release.Namespace }}\n'],
]

/** What scripts/chart makes: the name of each file in the chart, and its text. */
export async function chartFiles(): Promise<readonly (readonly [name: string, text: string])[]> {
  const from = async (name: string, replacements: readonly Replacement[]) => {
    const text = await readFile(join(BASE, name), 'utf8')
    return [`templates/${name}`, `${HEAD}${replacements.reduce(replaceOnce(name), text)}`] as const
  }
  return [
    await from('daemonset.yaml', DAEMON_SET),
    await from('config.yaml', CONFIG),
    await from('service-account.yaml', SERVICE_ACCOUNT),
    ['values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
  ]
}

const HEAD = '{{- /* Made by scripts/chart from conf/kubernetes/base: change that. */ -}}\n'

function replaceOnce(name: string) {
  return (text: string, [old, template]: Replacement): string => {
    const [before, after, ...more] = text.split(old)
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`Cannot make the chart: ${name} has this text not exactly once: ${old}`)
    return `${before}${template}${after}`
  }
}
