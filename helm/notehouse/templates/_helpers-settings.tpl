{{/* What processes find in their environment: each exactly what it reads. */}}

{{- define "notehouse.env" -}}
{{- range $name, $value := . }}
- name: {{ $name }}
  value: {{ $value | toString | quote }}
{{- end }}
{{- end }}

{{/* A secret: (root, environment name, key, part of the values that may name an existing Secret). */}}
{{- define "notehouse.env.secret" -}}
- name: {{ index . 1 }}
  valueFrom:
    secretKeyRef:
      name: {{ include "notehouse.secret" (list (index . 0) (index . 3)) }}
      key: {{ index . 2 }}
{{- end }}

{{/* Whose Secret: the one that the operator names for this part, or the chart's own. */}}
{{- define "notehouse.secret" -}}
{{- $root := index . 0 -}}
{{- $own := $root.Values.secrets.existingSecret | default (include "notehouse.names" $root | fromYaml).secret -}}
{{- if and (ne (index . 1) "secrets") (not (dig "inCluster" "enabled" false (index $root.Values (index . 1)))) -}}
{{- (index $root.Values (index . 1)).existingSecret | default $own -}}
{{- else -}}{{ $own }}{{- end -}}
{{- end }}

{{/* Settings that are no secret and that all our own Python processes share. */}}
{{- define "notehouse.env.shared" -}}
{{- $names := include "notehouse.names" . | fromYaml -}}
{{- $ports := include "notehouse.ports" . | fromYaml -}}
{{- include "notehouse.env" (dict
  "NOTEHOUSE_DATA" "/data"
  "NOTEHOUSE_BIND" "0.0.0.0"
  "NOTEHOUSE_PORT" $ports.proxy
  "NOTEHOUSE_PUBLIC_URL" .Values.publicUrl
  "NOTEHOUSE_HUB_API_URL" (printf "http://%s:%v/hub/api" $names.hub $ports.hub)
  "NOTEHOUSE_API_URL" (printf "http://%s:%v/services/notehouse/api/v1" $names.api $ports.api)
  "NOTEHOUSE_QUERY_URL" (printf "http://%s:%v" (index $names "query-gateway") (index $ports "query-gateway"))
  "NOTEHOUSE_LOG_LEVEL" .Values.logLevel
) }}
{{- end }}

{{- define "notehouse.env.database" -}}
{{ include "notehouse.env.secret" (list . "NOTEHOUSE_DATABASE_URL" "database-url" "postgres") }}
{{- end }}

{{- define "notehouse.clickhouse.url" -}}
{{- $names := include "notehouse.names" . | fromYaml -}}
{{- $ports := include "notehouse.ports" . | fromYaml -}}
{{- if .Values.clickhouse.inCluster.enabled -}}
{{ printf "http://%s:%v" $names.clickhouse $ports.clickhouse }}
{{- else -}}
{{ required "clickhouse.url is not set: give a ClickHouse by its address, or set clickhouse.inCluster.enabled" .Values.clickhouse.url }}
{{- end -}}
{{- end }}

{{- define "notehouse.env.clickhouse" -}}
{{- include "notehouse.env" (dict
  "NOTEHOUSE_CLICKHOUSE_URL" (include "notehouse.clickhouse.url" .)
  "NOTEHOUSE_CLICKHOUSE_USER" (ternary "notehouse" .Values.clickhouse.user .Values.clickhouse.inCluster.enabled)
) }}
{{ include "notehouse.env.secret" (list . "NOTEHOUSE_CLICKHOUSE_PASSWORD" "clickhouse-password" "clickhouse") }}
{{- end }}

{{- define "notehouse.env.artifacts" -}}
{{- if .Values.artifacts.url -}}
{{- include "notehouse.env" (dict
  "NOTEHOUSE_ARTIFACTS" .Values.artifacts.url
  "NOTEHOUSE_S3_ENDPOINT" .Values.artifacts.endpoint
) }}
{{- if .Values.artifacts.keyId }}
{{- include "notehouse.env" (dict "NOTEHOUSE_S3_KEY_ID" .Values.artifacts.keyId) }}
{{ include "notehouse.env.secret" (list . "NOTEHOUSE_S3_SECRET" "s3-secret" "artifacts") }}
{{- end }}
{{- else -}}
{{- include "notehouse.env" (dict "NOTEHOUSE_ARTIFACTS" "/artifacts") }}
{{- end }}
{{- end }}

{{/* What a service needs to speak with the Hub as itself: (root, service, public path or nothing). */}}
{{- define "notehouse.env.service" -}}
{{- $root := index . 0 -}}{{- $service := index . 1 -}}
{{- $names := include "notehouse.names" $root | fromYaml -}}
{{- $ports := include "notehouse.ports" $root | fromYaml -}}
{{- $env := dict
  "JUPYTERHUB_API_URL" (printf "http://%s:%v/hub/api" $names.hub $ports.hub)
  "JUPYTERHUB_BASE_URL" "/"
  "JUPYTERHUB_SERVICE_NAME" $service
  "JUPYTERHUB_CLIENT_ID" (printf "service-%s" $service) -}}
{{- with index . 2 -}}
{{- $_ := set $env "JUPYTERHUB_SERVICE_PREFIX" . -}}
{{- $_ := set $env "JUPYTERHUB_PUBLIC_URL" (printf "%s%s" (trimSuffix "/" $root.Values.publicUrl) .) -}}
{{- end -}}
{{- include "notehouse.env" $env }}
{{ include "notehouse.env.secret" (list $root "NOTEHOUSE_HUB_TOKEN" (printf "service-%s" $service) "secrets") }}
{{ include "notehouse.env.secret" (list $root "JUPYTERHUB_API_TOKEN" (printf "service-%s" $service) "secrets") }}
{{- end }}

{{- define "notehouse.env.printer" -}}
{{- $names := include "notehouse.names" . | fromYaml -}}
{{- $ports := include "notehouse.ports" . | fromYaml -}}
{{- include "notehouse.env" (dict "NOTEHOUSE_PRINTER_URL" (printf "http://%s:%v" $names.printer $ports.printer)) }}
{{ include "notehouse.env.secret" (list . "NOTEHOUSE_PRINTER_KEY" "printer-key" "secrets") }}
{{- end }}

{{/* What the pods look like that the Hub starts: NOTEHOUSE_PODS. */}}
{{- define "notehouse.pods" -}}
{{- dict
  "image" (include "notehouse.image" (list . "server"))
  "pull_policy" .Values.images.pullPolicy
  "pull_secrets" .Values.images.pullSecrets
  "name" (include "notehouse.fullname" .)
  "labels" (include "notehouse.selector" (list . "") | fromYaml)
  "uid" (.Values.servers.uid | int64)
  "server" .Values.servers.server
  "gateway" .Values.servers.gateway
  "home_size" .Values.servers.homeSize
  "home_class" .Values.servers.homeClass
  "scratch_size" .Values.servers.scratchSize
  "node_selector" .Values.servers.nodeSelector
  "tolerations" .Values.servers.tolerations
  | toJson -}}
{{- end }}
