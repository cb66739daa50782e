import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { valuesSchema } from './chart-schema'
import { ROOT } from './root'

/**
 * The templates of the Helm chart are made from conf/kubernetes/base, so that there is one source of what a cluster gets. Each
 * replacement puts a value of the chart in the place of a text of the manifest, which has to be there once.
 */

const BASE = 'conf/kubernetes/base'
const PROMETHEUS = 'conf/kubernetes/components/prometheus'

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
{{- if .Values.podMonitor.enabled }}
            - --metrics-address=$(IP_MASQ_POD_IP):10299
{{- end }}
`,
  ],
  [
    '              value: /host\n',
    `              value: /host
{{- with .Values.extraEnv }}
{{ toYaml . | indent 12 }}
{{- end }}
{{- if .Values.podMonitor.enabled }}
            - name: IP_MASQ_POD_IP
              valueFrom:
                fieldRef:
                  fieldPath: status.podIP
          ports:
            - name: metrics
              containerPort: 10299
              protocol: TCP
{{- end }}
`,
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

/** A Prometheus operator may select by a label of its own ("release"). */
const MONITOR: readonly Replacement[] = [
  ['  namespace: kube-system\n', '  namespace: {{ .Release.Namespace }}\n'],
  [
    '  labels:\n    app.kubernetes.io/name: ip-masq\n',
    `  labels:
    app.kubernetes.io/name: ip-masq
{{- with .Values.podMonitor.labels }}
{{ toYaml . | indent 4 }}
{{- end }}
`,
  ],
]

/** What scripts/chart makes: the name of each file in the chart, and its text. */
export async function chartFiles(): Promise<readonly (readonly [name: string, text: string])[]> {
  const read = (directory: string, name: string) => readFile(join(ROOT, directory, name), 'utf8')
  const from = async (name: string, replacements: readonly Replacement[]) => {
    const text = replacements.reduce(replaceOnce(name), await read(BASE, name))
    return [`templates/${name}`, `${headOf(BASE)}${text}`] as const
  }
  const forPrometheus = async (name: string) => {
    const text = MONITOR.reduce(replaceOnce(name), quoted(await read(PROMETHEUS, name)))
    return [
      `templates/${name}`,
      `${headOf(PROMETHEUS)}${onlyIf('.Values.podMonitor.enabled', text)}`,
    ] as const
  }
  return [
    await from('daemonset.yaml', DAEMON_SET),
    await from('config.yaml', CONFIG),
    await from('service-account.yaml', SERVICE_ACCOUNT),
    await forPrometheus('pod-monitor.yaml'),
    await forPrometheus('prometheus-rule.yaml'),
    ['values.schema.json', `${JSON.stringify(valuesSchema(), null, 2)}\n`],
  ]
}

const headOf = (directory: string) => `{{- /* Made by scripts/chart from ${directory}: change that. */ -}}\n`

const onlyIf = (condition: string, text: string) => `{{- if ${condition} }}\n${text}{{- end }}\n`

/** Prometheus' own templates have the same braces as helm's. */
function quoted(text: string): string {
  return text.replace(/\{\{|\}\}/g, (braces) => `{{ "${braces}" }}`)
}

function replaceOnce(name: string) {
  return (text: string, [old, template]: Replacement): string => {
    const [before, after, ...more] = text.split(old)
    if (before === undefined || after === undefined || more.length > 0)
      throw new Error(`Cannot make the chart: ${name} has this text not exactly once: ${old}`)
    return `${before}${template}${after}`
  }
}
