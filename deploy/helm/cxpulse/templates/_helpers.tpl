{{- define "cxpulse.name" -}}
{{- if contains "cxpulse" .Release.Name }}{{ .Release.Name | trunc 52 | trimSuffix "-" }}{{ else }}{{ printf "%s-cxpulse" .Release.Name | trunc 52 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "cxpulse.selector" -}}
app.kubernetes.io/name: cxpulse
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "cxpulse.labels" -}}
{{ include "cxpulse.selector" . }}
app.kubernetes.io/part-of: cxpulse
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "cxpulse.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end }}
