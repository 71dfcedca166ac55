#!/usr/bin/env bash
# Builds, describes, signs and pins the images of one release.
#   k8s/release.sh build REGISTRY VERSION   build every target and push it; prints NAME DIGEST
#   k8s/release.sh pin NAME DIGEST          write one digest into the overlays that use the image
#   k8s/release.sh check OVERLAY            refuse what is not ready: exit status 1 and why
# `build` also writes an SBOM for each image (syft) and signs image and SBOM (cosign, keyless);
# both must be installed. Base images: PYTHON_IMAGE and VLLM_IMAGE, by digest.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
targets=(gateway inference-rules inference-gpu converter)

build() {
  local registry="$1" version="$2" target image digest
  : "${PYTHON_IMAGE:?give the base image by digest}" "${VLLM_IMAGE:?give the base image by digest}"
  mkdir -p "$here/../.build"
  for target in "${targets[@]}"; do
    image="$registry/$target:$version"
    buildah build --ignorefile "$here/images/ignore" -f "$here/images/Containerfile" \
      --build-arg "PYTHON_IMAGE=$PYTHON_IMAGE" --build-arg "VLLM_IMAGE=$VLLM_IMAGE" \
      --timestamp "$(git -C "$here" log -1 --format=%ct)" --target "$target" -t "$image" "$here/.."
    buildah push --digestfile "$here/../.build/$target.digest" "$image" "docker://$image"
    digest="$(cat "$here/../.build/$target.digest")"
    syft "$registry/$target@$digest" -o "spdx-json=$here/../.build/$target.spdx.json"
    cosign sign --yes "$registry/$target@$digest"
    cosign attest --yes --type spdxjson --predicate "$here/../.build/$target.spdx.json" \
      "$registry/$target@$digest"
    pin "$registry/$target" "$digest"
  done
}

# NAME is the image without tag or digest, such as images.clinic.net/chewie/gateway.
pin() {
  local name="$1" digest="$2" file found=0
  [[ "$digest" =~ ^sha256:[0-9a-f]{64}$ ]] || { echo "$digest: expected sha256: and 64 hex digits" >&2; return 1; }
  for file in "${OVERLAYS:-$here/overlays}"/*/kustomization.yaml; do
    grep -qE "newName: [^,]*/${name##*/}," "$file" || continue
    sed -E -i "s#newName: [^,]*/${name##*/},(.*)digest: \"sha256:[0-9a-f]{64}\"#newName: $name,\1digest: \"$digest\"#" "$file"
    found=1
  done
  [ "$found" = 1 ] || { echo "$name: no overlay uses an image of this name" >&2; return 1; }
  echo "$name $digest"
}

check() {
  local overlay="$1" rendered problems
  rendered="$(kubectl kustomize "${OVERLAYS:-$here/overlays}/$overlay")"
  problems="$(
    images="$(grep -E '^ *(- )?(image|imageName): ' <<<"$rendered" | sed -E 's/.*(image|imageName): *//' | sort -u)"
    while read -r image; do
      [[ "$image" =~ @sha256:[0-9a-f]{64}$ ]] || echo "$image: no digest; k8s/release.sh pin sets it"
      [[ "$image" =~ @sha256:0{64}$ ]] && echo "$image: the placeholder digest; k8s/release.sh pin sets it"
      [[ "$image" == *example* ]] && echo "$image: the example registry"
    done <<<"$images"
    grep -noE '[a-z0-9.-]*example\.org|gs://example-[a-z-]*|\+15005550006' <<<"$rendered" | cut -d: -f2- \
      | sort -u | sed 's/$/: an example; components\/site and the overlay hold your own/'
    true
  )"
  [ -z "$problems" ] || { echo "$overlay is not ready for release:" >&2; echo "$problems" >&2; return 1; }
  echo "$overlay: every image has its digest"
}

case "${1:-}" in
  build) [ $# = 3 ] && build "$2" "$3" ;;
  pin) [ $# = 3 ] && pin "$2" "$3" ;;
  check) [ $# = 2 ] && check "$2" ;;
  *) sed -n '2,7s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
