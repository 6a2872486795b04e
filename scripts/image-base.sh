#!/usr/bin/env bash
# scripts/image-base.sh TAG COMMAND...: makes the images' base where no registry can be reached: Debian bookworm by
# debootstrap from this machine's package mirror, with this machine's Node.js and npm, built as TAG by COMMAND (an
# engine's build command). Needs root, debootstrap and Node.js.
# It also has this machine's settings for apt, pip and npm, and the certificates that it trusts, so that builds
# reach what this machine reaches. The final images take none of that: they are made of packages' files.
set -euo pipefail

tag=$1
shift
for program in debootstrap node npm; do
  if ! command -v "$program" >/dev/null; then
    echo "image-base: needs $program" >&2
    exit 1
  fi
done
[[ $(id -u) == 0 ]] || { echo "image-base: debootstrap needs root" >&2 && exit 1; }
# shellcheck disable=SC2016 # a field's name
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -m 1 'debian/\?$')
certificates=/etc/ssl/certs/ca-certificates.crt

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
echo "image-base: debootstrap from $mirror"
debootstrap --variant=minbase --include=ca-certificates bookworm "$root" "$mirror" >"$folder/log" 2>&1 || {
  tail "$folder/log" >&2
  exit 1
}
rm -rf "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
apt-config dump | grep '^Acquire::' >"$root/etc/apt/apt.conf.d/99machine" || true

install -D "$(readlink -f "$(command -v node)")" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/etc"
cp -R "$(npm root --global)/npm" "$root/usr/local/lib/node_modules/"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"

cp "$certificates" "$root$certificates"
if [[ -e /etc/pip.conf ]]; then cp /etc/pip.conf "$root/etc/"; fi
printf '%s\n' "registry=$(npm config get registry)" "cafile=$certificates" >"$root/usr/local/etc/npmrc"
# An archive, since a folder's files would all become root's.
tar --create --file "$folder/root.tar" --directory "$root" --exclude './dev/*' .
rm -rf "$root"
{
  echo 'FROM scratch'
  echo 'ADD root.tar /'
  echo "ENV NODE_EXTRA_CA_CERTS=$certificates"
  if [[ -n ${PIP_INDEX_URL:-} ]]; then echo "ENV PIP_INDEX_URL=$PIP_INDEX_URL"; fi
} >"$folder/Dockerfile"
"$@" --tag "$tag" "$folder"
