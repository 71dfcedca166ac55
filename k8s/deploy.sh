#!/usr/bin/env bash
# Brings an overlay into the cluster of the present kubectl context, the migration before the roll-out.
#   k8s/deploy.sh OVERLAY        gke-l4, rules-only; local is not checked for digests
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
overlay="${1:?name an overlay: gke-l4, rules-only or local}"
[ "$overlay" = local ] || "$here/release.sh" check "$overlay"
rendered="$(mktemp)"
trap 'rm -f "$rendered"' EXIT
kubectl kustomize "$here/overlays/$overlay" > "$rendered"

# A Job's template cannot be changed: what an earlier release left is removed.
kubectl -n chewie delete job -l chewie/phase=before --ignore-not-found --wait
kubectl apply -f "$rendered" -l 'chewie/phase!=rollout'
kubectl -n chewie wait --for=condition=complete --timeout=30m job/chewie-gateway-migrate
kubectl apply -f "$rendered"
for role in web worker; do
  kubectl -n chewie rollout status --timeout=10m "deployment/chewie-gateway-$role"
done
echo "The gateway runs. The model may still be on its way (kubectl -n chewie get jobs,pods):"
echo "until the service says SERVING the rules answer."
