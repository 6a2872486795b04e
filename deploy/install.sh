#!/usr/bin/env bash
# deploy/install.sh PREFIX: packs this checkout, installs the package below PREFIX, and sets its native
# parts up in PREFIX/cache (XDG_CACHE_HOME), with the op libraries that TENSORGATE_OPS names, so that the
# first start has nothing left to do. It is the images' whole build stage; npm test runs it too.
set -euo pipefail
prefix=$(realpath -m "$1")
cd "$(dirname "${BASH_SOURCE[0]}")/.."

mkdir -p "$prefix"
packed=$(mktemp -d)
trap 'rm -rf "$packed"' EXIT
npm pack --silent --pack-destination "$packed" >/dev/null
npm install --silent --global --prefix "$prefix" --no-audit --no-fund --omit=dev "$packed"/tensorgate-*.tgz
export XDG_CACHE_HOME=$prefix/cache
node "$prefix/lib/node_modules/tensorgate/scripts/setup.mjs" --native-only
# What only the build needed.
find "$XDG_CACHE_HOME"/tensorgate/*/build/Release -type f \
  ! -name tensorgate.node ! -name addon.stamp -delete
"$prefix/bin/tensorgate" --version
