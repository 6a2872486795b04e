#!/usr/bin/env bash
# Takes OpenVINO's runtime for CPUs out of the pinned PyPI wheel:
#   DEST/lib/libopenvino_c.so.*     its C library, and what that needs: the runtime, the CPU plugin, TBB
#   DEST/lib/libopenvino_*_frontend.so.*  the readers of TensorFlow, TFLite, ONNX and its own files
#   DEST/openvino.stamp             what they are; while it matches, a further run is a no-op and offline
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/wheel.sh
source "$here/wheel.sh"
label=openvino
# shellcheck disable=SC2034 # wheel.sh names it
own_path=OPENVINO_PATH
# binding/openvino/library.cc takes no other than this one's first two numbers.
readonly VERSION=2026.4.1 BUILD=22982

usage() {
  cat <<'TEXT'
usage: fetch-openvino.sh [--dest=DIR] [--check]
  --dest   default: third_party/openvino
  --check  fetches nothing: exit 0 when it is there, 10 when it would be fetched
TEXT
}
check=no
dest=$here/../third_party/openvino
for arg in "$@"; do
  case $arg in
    --dest=?*) dest=${arg#*=} ;;
    --check) check=yes ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && fail $EXIT_USAGE "unknown argument $arg" ;;
  esac
done
dest=$(realpath -ms "$dest")

require_linux_with_glibc
arch=$(uname -m)
# shellcheck disable=SC2034 # wheel.sh names the wheel by its platform
case $arch in
  x86_64) platform=manylinux_2_28_x86_64 ;;
  aarch64) platform=manylinux_2_35_aarch64 ;;
  *) fail $EXIT_PLATFORM "no libraries for $arch; build your own and set $own_path" ;;
esac
name_wheel openvino "$VERSION-$BUILD" "$here/openvino.sha256"
stamp="$VERSION $arch $sha256"

is_there() { [[ -f $dest/openvino.stamp && $(<"$dest/openvino.stamp") == "$stamp" ]]; }
if is_there; then
  say "$VERSION ($arch) is already there"
  exit 0
fi
[[ $check == no ]] || exit $EXIT_WOULD_FETCH
# shellcheck disable=SC2034 # wheel.sh reads it
need_mb=300
require_node_and_space

open_scratch
fetch_wheel openvino
say "unpacking the libraries"
unpack_wheel openvino
echo "$stamp" >"$scratch/new/openvino.stamp"
if is_there; then exit 0; fi # another run was faster
replace "$scratch/new"
say "$VERSION ($arch) is in $dest"
