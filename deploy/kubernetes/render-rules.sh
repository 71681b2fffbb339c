#!/bin/sh
# Brings the rule files of ../prometheus to where the operator's PrometheusRule and the Helm chart have them. To be run when they changed;
# tests/deploy.rs fails until it was. Neither kustomize nor Helm reads files from outside its own folder, hence the copies.
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
