{{/* Every name of a resource, and of a port's number, is made here and nowhere else. */}}

{{- define "notehouse.fullname" -}}
{{- if eq .Release.Name .Chart.Name -}}{{ .Chart.Name }}
{{- else -}}{{ printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" }}{{- end -}}
{{- end }}

{{- define "notehouse.names" -}}
{{- $name := include "notehouse.fullname" . -}}
fullname: {{ $name }}
proxy: {{ $name }}-proxy
proxy-api: {{ $name }}-proxy-api
hub: {{ $name }}-hub
api: {{ $name }}-api
query-gateway: {{ $name }}-query-gateway
dashboards: {{ $name }}-dashboards
worker: {{ $name }}-worker
printer: {{ $name }}-printer
rights: {{ $name }}-rights
migrate: {{ $name }}-migrate
migrate-first: {{ $name }}-migrate-first
usage: {{ $name }}-usage
postgres: {{ $name }}-postgres
clickhouse: {{ $name }}-clickhouse
secret: {{ $name }}-secret
migrate-secret: {{ $name }}-migrate
artifacts: {{ $name }}-artifacts
ingress: {{ $name }}
default-deny: {{ $name }}-default-deny
server: {{ $name }}-code-server
kernel-gateway: {{ $name }}-code-kernel-gateway
{{- end }}

{{/* Ports follow NOTEHOUSE_PORT=8000 as on one machine; people's servers have KubeSpawner's own. */}}
{{- define "notehouse.ports" -}}
proxy: 8000
proxy-api: 8001
hub: 8002
api: 8003
query-gateway: 8004
dashboards: 8005
worker: 8007
proxy-metrics: 8008
printer: 8009
rights: 8010
server: 8888
postgres: 5432
clickhouse: 8123
{{- end }}

{{- define "notehouse.image" -}}
{{- $root := index . 0 -}}
{{ $root.Values.images.repository }}-{{ index . 1 }}:{{ $root.Values.images.tag | default $root.Chart.AppVersion }}
{{- end }}

{{- define "notehouse.selector" -}}
app.kubernetes.io/name: {{ (index . 0).Chart.Name }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- with index . 1 }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Labels of a resource: (root, component, tier). */}}
{{- define "notehouse.labels" -}}
{{ include "notehouse.selector" . }}
{{- with index . 2 }}
notehouse/tier: {{ . }}
{{- end }}
app.kubernetes.io/version: {{ (index . 0).Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ (index . 0).Release.Service }}
helm.sh/chart: {{ (index . 0).Chart.Name }}-{{ (index . 0).Chart.Version }}
{{- end }}

{{- define "notehouse.host" -}}
{{- (urlParse .Values.publicUrl).hostname -}}
{{- end }}
