#!/usr/bin/env bash
# Takes the libraries with one set of ops out of the pinned PyPI wheel that has them:
#   DEST/*.so       the op libraries, and nothing else of the wheel
#   DEST/ops.stamp  what they are; while it matches, a further run is a no-op and offline
# A further set is a line in the table below, its wheels' checksums in ops.sha256, and its name in
# src/config/op-sets.ts.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/wheel.sh
source "$here/wheel.sh"
label=ops
# shellcheck disable=SC2034 # wheel.sh names it
own_path=TENSORGATE_OPS_PATH

usage() {
  cat <<'TEXT'
usage: fetch-ops.sh NAME [--dest=DIR] [--check]
  NAME     text: TensorFlow Text
  --dest   default: third_party/ops/NAME
  --check  fetches nothing: exit 0 when they are there, 10 when they would be fetched
TEXT
}
name=
check=no
dest=
for arg in "$@"; do
  case $arg in
    --dest=?*) dest=${arg#*=} ;;
    --check) check=yes ;;
    --help) usage && exit 0 ;;
    -*) usage >&2 && fail $EXIT_USAGE "unknown argument $arg" ;;
    *) name=$arg ;;
  esac
done

# The version is the last one for TensorFlow's; the wheel has its op libraries in FOLDER and below.
case $name in
  text) package=tensorflow_text version=2.21.1 folder=tensorflow_text/python need_mb=300 ;;
  *) fail $EXIT_USAGE "no ops '$name'; there are: text" ;;
esac
label="ops ($name)"
dest=$(realpath -ms "${dest:-$here/../third_party/ops/$name}")

require_linux_with_glibc
arch=$(uname -m)
[[ $arch == x86_64 || $arch == aarch64 ]] ||
  fail $EXIT_PLATFORM "no libraries for $arch; build your own and set $own_path"
# shellcheck disable=SC2034 # wheel.sh names the wheel by it
platform=manylinux_2_27_$arch
name_wheel "$package" "$version" "$here/ops.sha256"
stamp="$name $version $arch $sha256 $folder"

is_there() { [[ -f $dest/ops.stamp && $(<"$dest/ops.stamp") == "$stamp" ]]; }
if is_there; then
  say "$package $version ($arch) is already there"
  exit 0
fi
[[ $check == no ]] || exit $EXIT_WOULD_FETCH
require_node_and_space

open_scratch
fetch_wheel "$package"
say "unpacking the op libraries"
unpack_wheel ops "$folder/"
echo "$stamp" >"$scratch/new/ops.stamp"
if is_there; then exit 0; fi # another run was faster
replace "$scratch/new"
say "$package $version ($arch) is in $dest"
