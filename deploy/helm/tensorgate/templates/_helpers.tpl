{{- define "tensorgate.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* Room is left for the longest suffix. */}}
{{- define "tensorgate.fullname" -}}
{{- $name := include "tensorgate.name" . }}
{{- if .Values.fullnameOverride }}{{ .Values.fullnameOverride | trunc 54 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}{{ .Release.Name | trunc 54 | trimSuffix "-" }}
{{- else }}{{ printf "%s-%s" .Release.Name $name | trunc 54 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "tensorgate.selectorLabels" -}}
app.kubernetes.io/name: {{ include "tensorgate.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "tensorgate.labels" -}}
{{ include "tensorgate.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/component: model-server
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "tensorgate.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}{{ default (include "tensorgate.fullname" .) .Values.serviceAccount.name }}
{{- else }}{{ default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "tensorgate.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end }}
{{- end }}

{{- define "tensorgate.scheme" -}}
{{ if .Values.sslConfigSecret }}https{{ else }}http{{ end }}
{{- end }}

{{/* More than one pod, so that one may go while another serves. */}}
{{- define "tensorgate.hasSeveral" -}}
{{- $least := .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicas }}
{{- if gt (int $least) 1 }}true{{ end }}
{{- end }}

{{- define "tensorgate.modelVolume" -}}
{{- $store := .Values.modelStore }}
{{- $claim := $store.persistentVolumeClaim }}
{{- $sources := list }}
{{- if $claim.existingClaim }}{{ $sources = append $sources "persistentVolumeClaim.existingClaim" }}{{ end }}
{{- if $claim.create }}{{ $sources = append $sources "persistentVolumeClaim.create" }}{{ end }}
{{- if $store.volume }}{{ $sources = append $sources "volume" }}{{ end }}
{{- if gt (len $sources) 1 }}
{{- fail (printf "modelStore: expected one of persistentVolumeClaim.existingClaim, persistentVolumeClaim.create and volume, got %s" (join ", " $sources)) }}
{{- end }}
{{- if and (not $sources) (not $store.fetch.enabled) }}
{{- fail "modelStore: expected one of persistentVolumeClaim.existingClaim, persistentVolumeClaim.create, volume and fetch.enabled, got none: there would be no models" }}
{{- end }}
{{- if $store.volume }}{{ toYaml $store.volume }}
{{- else if $claim.existingClaim }}persistentVolumeClaim: { claimName: {{ $claim.existingClaim }} }
{{- else if $claim.create }}persistentVolumeClaim: { claimName: {{ include "tensorgate.fullname" . }}-models }
{{- else }}emptyDir: { sizeLimit: {{ $store.emptyDirSizeLimit }} }
{{- end }}
{{- end }}

{{/* The text format of model_config_list. */}}
{{- define "tensorgate.modelConfig" -}}
{{- if .Values.modelConfig }}
{{- if .Values.models }}{{ fail "expected one of models and modelConfig, got both" }}{{ end }}
{{- .Values.modelConfig }}
{{- else }}
{{- $mountPath := .Values.modelStore.mountPath }}
{{- if not .Values.models }}{{ fail "models: expected at least one, got none" }}{{ end -}}
model_config_list {
{{- range .Values.models }}
  config {
    name: {{ .name | quote }}
    base_path: {{ printf "%s/%s" $mountPath (default .name .path) | quote }}
    model_platform: {{ default "tensorflow" .platform | quote }}
    {{- with .versions }}
    {{- if .all }}
    model_version_policy { all {} }
    {{- else if .specific }}
    model_version_policy { specific { {{- range .specific }} versions: {{ int64 . }}{{ end }} } }
    {{- else if .latest }}
    model_version_policy { latest { num_versions: {{ int64 .latest }} } }
    {{- end }}
    {{- end }}
    {{- range $label, $version := .labels }}
    version_labels { key: {{ $label | quote }} value: {{ int64 $version }} }
    {{- end }}
  }
{{- end }}
}
{{- end }}
{{- end }}

{{/* What the server reads once, at its start. */}}
{{- define "tensorgate.serverFiles" -}}
{{- if .Values.enableMetrics }}
monitoring.config: |
  prometheus_config { enable: true }
{{- end }}
{{- with .Values.batchingParameters }}
batching.config: |
  {{- . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "tensorgate.probe" -}}
httpGet: { path: {{ .path }}, port: rest, scheme: {{ include "tensorgate.scheme" .root | upper }} }
periodSeconds: {{ .root.Values.probes.periodSeconds }}
timeoutSeconds: {{ .root.Values.probes.timeoutSeconds }}
{{- end }}

{{/* How Prometheus scrapes: the same for both monitors. */}}
{{- define "tensorgate.scrape" -}}
- port: rest
  path: /metrics
  scheme: {{ include "tensorgate.scheme" .root }}
  interval: {{ .monitor.interval }}
  {{- with .monitor.tlsConfig }}
  tlsConfig:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
