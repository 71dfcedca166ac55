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
migration=job/chewie-gateway-migrate
give_up_at=$((SECONDS + 1800))
until kubectl -n chewie wait --for=condition=complete --timeout=10s "$migration" >/dev/null 2>&1; do
  if kubectl -n chewie wait --for=condition=failed --timeout=1s "$migration" >/dev/null 2>&1 || [ "$SECONDS" -gt "$give_up_at" ]; then
    kubectl -n chewie logs "$migration" --tail=20 >&2 || true
    echo "The migration is not done; nothing was rolled out. k8s/README.md, «job failed»." >&2
    exit 1
  fi
done
kubectl apply -f "$rendered"
for role in web worker; do
  kubectl -n chewie rollout status --timeout=10m "deployment/chewie-gateway-$role"
done
echo "The gateway runs. The model may still be on its way (kubectl -n chewie get jobs,pods):"
echo "until the service says SERVING the rules answer."
