#!/bin/sh
# Copies the rule files of ../prometheus into the operator's PrometheusRules and the Helm chart. Run it when the rules have changed; until then
# tests/deploy.rs fails. The copies are needed because neither kustomize nor Helm reads files outside of its own folder.
set -eu
cd "$(dirname "$0")"

chart=../helm/cxpulse/rules
manifest=base/prometheusrule.yaml
mkdir -p "$chart"
# Two objects, because the operator takes half a mebibyte for one.
echo '# Made by ../render-rules.sh from the files that Prometheus itself loads.' >"$manifest"
for name in cxpulse.rules.yml cxpulse.alerts.yml; do
    case $name in
    *alerts*) object=cxpulse-alerts ;;
    *) object=cxpulse ;;
    esac
    cp "../prometheus/$name" "$chart/$name"
    cat >>"$manifest" <<HEAD
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: $object
spec:
  groups:
HEAD
    sed -e '1,/^groups:/d' -e 's/^\(.\)/  \1/' "../prometheus/$name" >>"$manifest"
done
