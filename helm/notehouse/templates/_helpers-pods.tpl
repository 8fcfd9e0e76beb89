{{/* How our own pods are made: nobody is root, nothing is writable but what must be. */}}

{{- define "notehouse.pod.security" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "notehouse.container.security" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "notehouse.pod.placing" -}}
{{- $values := index . 1 -}}
{{- with (index . 0).Values.images.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector: {{ toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* A change of what the chart keeps secret, or of the settings, starts pods anew. */}}
{{- define "notehouse.pod.annotations" -}}
{{- if .metrics }}
prometheus.io/scrape: "true"
prometheus.io/path: {{ .metrics }}
prometheus.io/port: {{ .port | quote }}
{{- end }}
{{- end }}

{{- define "notehouse.probes" -}}
{{- $port := .port -}}
startupProbe:
  httpGet: {path: {{ .live }}, port: {{ $port }}}
  periodSeconds: 3
  failureThreshold: 40
livenessProbe:
  httpGet: {path: {{ .live }}, port: {{ $port }}}
  periodSeconds: 15
  timeoutSeconds: 5
  failureThreshold: 4
readinessProbe:
  httpGet: {path: {{ .ready }}, port: {{ $port }}}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}

{{/*
A Deployment of ours. Keys: root, component, image (whole), values, command, env, replicas; port, live, ready, metrics where
it listens; probes where it does not; keys: files of the Secret to mount under /keys; artifacts; account; once: never two.
*/}}
{{- define "notehouse.deployment" -}}
{{- $root := .root -}}
{{- $names := include "notehouse.names" $root | fromYaml -}}
{{- $uid := 10000 -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ index $names .component }}
  labels: {{ include "notehouse.labels" (list $root .component "web") | nindent 4 }}
spec:
  {{- if not (dig "autoscaling" "enabled" false .values) }}
  replicas: {{ .values.replicas | default 1 }}
  {{- end }}
  {{- if .once }}
  strategy:
    type: Recreate
  {{- end }}
  selector:
    matchLabels: {{ include "notehouse.selector" (list $root .component) | nindent 6 }}
  template:
    metadata:
      labels: {{ include "notehouse.labels" (list $root .component "web") | nindent 8 }}
      annotations:
        notehouse/settings: {{ toJson (omit $root.Values "networkPolicy" "ingress") | sha256sum }}
        {{- include "notehouse.pod.annotations" . | nindent 8 }}
    spec:
      {{- if .account }}
      serviceAccountName: {{ .account }}
      {{- end }}
      automountServiceAccountToken: {{ not (not .account) }}
      enableServiceLinks: false
      terminationGracePeriodSeconds: {{ .grace | default 30 }}
      securityContext: {{ include "notehouse.pod.security" $uid | nindent 8 }}
      {{- include "notehouse.pod.placing" (list $root .values) | nindent 6 }}
      containers:
        - name: {{ .component }}
          image: {{ .image }}
          imagePullPolicy: {{ $root.Values.images.pullPolicy }}
          command: {{ toJson .command }}
          {{- with .env }}
          env: {{ . | nindent 12 }}
          {{- end }}
          {{- if .port }}
          ports:
            - {name: http, containerPort: {{ .port }}}
            {{- range .ports }}
            - {name: {{ .name }}, containerPort: {{ .port }}}
            {{- end }}
          {{- include "notehouse.probes" . | nindent 10 }}
          {{- else }}
          {{- .probes | nindent 10 }}
          {{- end }}
          resources: {{ toYaml .values.resources | nindent 12 }}
          securityContext: {{ include "notehouse.container.security" $root | nindent 12 }}
          volumeMounts:
            {{- include "notehouse.mounts" . | nindent 12 }}
      volumes:
        {{- include "notehouse.volumes" . | nindent 8 }}
{{- end }}

{{- define "notehouse.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: home, mountPath: /home/notehouse}
- {name: data, mountPath: /data}
{{- if .keys }}
- {name: keys, mountPath: /keys, readOnly: true}
{{- end }}
{{- if and .artifacts (not .root.Values.artifacts.url) }}
- {name: artifacts, mountPath: /artifacts}
{{- end }}
{{- end }}

{{- define "notehouse.volumes" -}}
{{- $names := include "notehouse.names" .root | fromYaml -}}
- {name: tmp, emptyDir: {}}
- {name: home, emptyDir: {}}
- {name: data, emptyDir: {}}
{{- with .keys }}
- name: keys
  secret:
    secretName: {{ include "notehouse.secret" (list $.root "secrets") }}
    defaultMode: 0440
    items:
      {{- range . }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}
{{- if and .artifacts (not .root.Values.artifacts.url) }}
- name: artifacts
  persistentVolumeClaim:
    claimName: {{ .root.Values.artifacts.volume.existingClaim | default $names.artifacts }}
{{- end }}
{{- end }}

{{/* A Service of one port: (root, name, component, port). */}}
{{- define "notehouse.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ index (include "notehouse.names" (index . 0) | fromYaml) (index . 1) }}
  labels: {{ include "notehouse.labels" (list (index . 0) (index . 2) "") | nindent 4 }}
spec:
  selector: {{ include "notehouse.selector" (list (index . 0) (index . 2)) | nindent 4 }}
  ports:
    - {name: http, port: {{ index . 3 }}, targetPort: {{ index . 3 }}}
{{- end }}
