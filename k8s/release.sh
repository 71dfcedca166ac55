#!/usr/bin/env bash
# Builds, describes, signs and pins the images of one release.
#   k8s/release.sh build REGISTRY VERSION   build every target and push it; prints NAME DIGEST
#   k8s/release.sh pin NAME DIGEST          write one digest into the overlays that use the image
#   k8s/release.sh check OVERLAY            refuse what is not ready: exit status 1 and why
#   k8s/release.sh verify OVERLAY SIGNER    signature and SBOM of every image of ours, by cosign;
#                                           SIGNER is the identity that signed, such as an e-mail
# `build` also writes an SBOM for each image (syft) and signs image and SBOM (cosign, keyless);
# both must be installed. Base images: PYTHON_IMAGE and VLLM_IMAGE, by digest.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
targets=(gateway inference-rules inference-gpu converter)

build() {
  local registry="$1" version="$2" target image digest
  : "${PYTHON_IMAGE:?give the base image by digest}" "${VLLM_IMAGE:?give the base image by digest}"
  for image in "$PYTHON_IMAGE" "$VLLM_IMAGE"; do
    [[ "$image" =~ @sha256:[0-9a-f]{64}$ ]] || { echo "$image: expected a base image by digest, NAME@sha256:…" >&2; return 1; }
  done
  mkdir -p "$here/../.build"
  for target in "${targets[@]}"; do
    image="$registry/$target:$version"
    buildah build --ignorefile "$here/images/Containerfile.dockerignore" -f "$here/images/Containerfile" \
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

rendered() {
  kubectl kustomize "${OVERLAYS:-$here/overlays}/$1"
}

images_of() {
  rendered "$1" | grep -E '^ *(- )?(image|imageName): ' | sed -E 's/.*(image|imageName): *//' | sort -u
}

check() {
  local overlay="$1" manifests images problems image
  manifests="$(rendered "$overlay")"
  images="$(images_of "$overlay")"
  problems="$(
    while read -r image; do
      [[ "$image" =~ @sha256:[0-9a-f]{64}$ ]] || echo "$image: no digest; k8s/release.sh pin sets it"
      [[ "$image" =~ @sha256:0{64}$ ]] && echo "$image: the placeholder digest; k8s/release.sh pin sets it"
      [[ "$image" == *example* ]] && echo "$image: the example registry"
    done <<<"$images"
    grep -noE '[a-z0-9.-]*example\.org|\bexample-[a-z-]+|\+15005550006' <<<"$manifests" | cut -d: -f2- \
      | sort -u | sed 's/$/: an example; your own stands in components\/site and the component that names it/'
    true
  )"
  [ -z "$problems" ] || { echo "$overlay is not ready for release:" >&2; echo "$problems" >&2; return 1; }
  echo "$overlay: every image has its digest"
}

verify() {
  local overlay="$1" signer="$2" image
  local -a who=(--certificate-identity "$signer" --certificate-oidc-issuer "${ISSUER:-https://accounts.google.com}")
  images_of "$overlay" | grep -v '/postgresql[:@]' | while read -r image; do
    cosign verify "${who[@]}" "$image" >/dev/null
    cosign verify-attestation --type spdxjson "${who[@]}" "$image" >/dev/null
    echo "$image: signed by $signer, with its SBOM"
  done
}

case "${1:-} $#" in
  "build 3") build "$2" "$3" ;;
  "pin 3") pin "$2" "$3" ;;
  "check 2") check "$2" ;;
  "verify 3") verify "$2" "$3" ;;
  *) sed -n '2,9s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
