#!/bin/sh
# Copies the rule files of ../prometheus into the operator's PrometheusRule and the Helm chart. Run it when the rules have changed; until then
# tests/deploy.rs fails. The copies are needed because neither kustomize nor Helm reads files outside of its own folder.
set -eu
cd "$(dirname "$0")"

chart=../helm/cxpulse/rules
manifest=base/prometheusrule.yaml
mkdir -p "$chart"
cat >"$manifest" <<'HEAD'
# Made by ../render-rules.sh from the files that Prometheus itself loads.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: cxpulse
spec:
  groups:
HEAD
for name in cxpulse.rules.yml cxpulse.alerts.yml; do
    cp "../prometheus/$name" "$chart/$name"
    sed -e '1,/^groups:/d' -e 's/^\(.\)/  \1/' "../prometheus/$name" >>"$manifest"
done
