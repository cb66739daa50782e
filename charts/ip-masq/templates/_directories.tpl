{{- /* The directories of a profile, as src/install/profiles.ts has them. A test compares the two. */ -}}
{{- define "ip-masq.directories" -}}
k3s: { bin: /var/lib/rancher/k3s/data/cni, conf: /var/lib/rancher/k3s/agent/etc/cni/net.d }
microk8s: { bin: /var/snap/microk8s/current/opt/cni/bin, conf: /var/snap/microk8s/current/args/cni-network }
openshift: { bin: /var/lib/cni/bin, conf: /etc/kubernetes/cni/net.d }
{{- end -}}
{{- define "ip-masq.binDir" -}}
{{- dig .Values.profile "bin" "/opt/cni/bin" (include "ip-masq.directories" . | fromYaml) -}}
{{- end -}}
{{- define "ip-masq.confDir" -}}
{{- dig .Values.profile "conf" "/etc/cni/net.d" (include "ip-masq.directories" . | fromYaml) -}}
{{- end -}}
