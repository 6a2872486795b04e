#!/usr/bin/env bash
# Builds the image of Dockerfile, or Dockerfile.cuda, with docker, podman or buildah; see usage below and
# docs/images.md. Beside it: build/image/NAME.cdx.json, its list of parts (SBOM), and its layers' sizes on stdout.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
usage: scripts/image.sh [--cuda] [--tag=NAME[:TAG]] [--engine=docker|podman|buildah] [--base=IMAGE|local] [-- ARGS...]
  --cuda     Dockerfile.cuda: the CUDA library, and CUDA's own libraries
  --tag      default: tensorgate:VERSION, or tensorgate:VERSION-cuda
  --engine   default: the first of the three that works
  --base     an image with Node.js, npm and apt to build with; default: the one that the Dockerfile names, or,
             where that cannot be had, local: made of this machine's Debian mirror and Node.js (needs root and
             debootstrap)
  ARGS       go to the engine's build command, such as --build-arg TENSORGATE_OPS=text
TEXT
}
say() { echo "image: $*"; }
fail() {
  echo "image: error: $1" >&2
  exit "${2:-1}"
}

file=Dockerfile
engine=
base=
version=$(node -p 'require("./package.json").version')
tag=
while (($# > 0)); do
  case $1 in
    --cuda) file=Dockerfile.cuda ;;
    --tag=?*) tag=${1#*=} ;;
    --engine=docker | --engine=podman | --engine=buildah) engine=${1#*=} ;;
    --base=?*) base=${1#*=} ;;
    --help) usage && exit 0 ;;
    --) shift && break ;;
    *) usage >&2 && fail "unknown argument $1" 2 ;;
  esac
  shift
done
if [[ -z $tag ]]; then
  tag=tensorgate:$version
  if [[ $file == *.cuda ]]; then tag+=-cuda; fi
fi

# --- with what -----------------------------------------------------------------------------------
works() { command -v "$1" >/dev/null && "$1" info >/dev/null 2>&1; }
if [[ -z $engine ]]; then
  for candidate in docker podman buildah; do
    if works "$candidate"; then
      engine=$candidate
      break
    fi
  done
  [[ -n $engine ]] || fail "none of docker, podman and buildah works here: see what '$candidate info' says"
fi
has_image() {
  case $engine in
    buildah) buildah inspect --type image "$1" >/dev/null 2>&1 ;;
    *) "$engine" image inspect "$1" >/dev/null 2>&1 ;;
  esac
}
# Docker's own format, since OCI's has no HEALTHCHECK.
case $engine in
  docker) build=(docker build) ;;
  *) build=("$engine" build --format docker --layers) ;;
esac

readonly LOCAL_BASE=localhost/tensorgate-base:bookworm
if [[ -z $base ]]; then
  base=$(sed -n 's/^ARG NODE_IMAGE=//p' "$file")
  if ! has_image "$base" && ! "$engine" pull "$base"; then
    say "$base cannot be had: builds on a base of this machine's own instead"
    base=local
  fi
fi
if [[ $base == local ]]; then
  base=$LOCAL_BASE
  has_image "$base" || scripts/image-base.sh "$base" "${build[@]}"
fi

# --- the image -----------------------------------------------------------------------------------
say "$engine builds $tag with $file on $base"
"${build[@]}" --file "$file" --tag "$tag" --build-arg "NODE_IMAGE=$base" --build-arg "VERSION=$version" \
  --build-arg "REVISION=$(git rev-parse HEAD 2>/dev/null || echo unknown)" "$@" .

# --- what is in it -------------------------------------------------------------------------------
mkdir -p build/image
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
sbom=build/image/$(basename "${tag//:/-}").cdx.json
readonly IN_IMAGE=/usr/share/sbom/tensorgate.cdx.json
if [[ $engine == buildah ]]; then
  container=$(buildah from "$tag")
  cp "$(buildah mount "$container")$IN_IMAGE" "$sbom"
  buildah rm "$container" >/dev/null
else
  container=$("$engine" create "$tag")
  "$engine" cp "$container:$IN_IMAGE" "$sbom"
  "$engine" rm "$container" >/dev/null
fi
say "its parts are listed in $sbom"
if [[ $engine == buildah ]]; then # which keeps no sizes of layers
  buildah images --format 'image: {{.Size}} in all' "$tag"
else
  names=(base "Node.js" libtensorflow)
  if [[ $file == *.cuda ]]; then names+=("CUDA's libraries"); fi
  names+=("the server")
  "$engine" history --no-trunc --format '{{.Size}}|{{.CreatedBy}}' "$tag" | tac | grep COPY |
    while IFS='|' read -r size _; do
      say "$size  ${names[0]:-more}"
      names=("${names[@]:1}")
    done
  "$engine" image inspect --format '{{.Size}}' "$tag" | awk '{ printf "image: %.1f MB in all\n", $1 / 1e6 }'
fi
