#!/usr/bin/env bash
# Takes the TensorFlow C library out of the pinned PyPI wheel:
#   DEST/lib/libtensorflow_cc.so.2, DEST/lib/libtensorflow_framework.so.2
#   DEST/include/                    the C API's headers and what they include
#   DEST/licenses/                   the notices of what is in them
#   DEST/nvidia/*/lib                CUDA's libraries, with --with-cuda-libs; the wheel's own libraries
#                                    look for them in $ORIGIN/../nvidia/*/lib
#   DEST/libtensorflow.stamp         what it is; while it matches, a further run is a no-op and offline
# scripts/wheel.sh has what it shares with fetch-ops.sh.
set -euo pipefail

readonly VERSION=2.21.0

usage() {
  cat <<'TEXT'
usage: fetch-libtensorflow.sh [--variant=cpu|cuda] [--arch=ARCH] [--with-cuda-libs] [--dest=DIR] [--check]
  --variant         cpu or cuda; default: TENSORGATE_VARIANT, else the one that is there, else cpu
  --arch            x86_64 or aarch64; default: this machine's
  --with-cuda-libs  with cuda: CUDA's own libraries (about 4 GB), instead of the system's;
                    also TENSORGATE_CUDA_LIBS=1
  --dest            default: third_party/libtensorflow
  --check           fetches nothing: exit 0 when it is there, 10 when it would be fetched
  LIBTENSORFLOW_PATH=DIR  links DEST to your own build (lib/ and include/) and fetches nothing
TEXT
}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/wheel.sh
source "$here/wheel.sh"
label=libtensorflow
# shellcheck disable=SC2034 # wheel.sh names it
own_path=LIBTENSORFLOW_PATH
variant=${TENSORGATE_VARIANT:-}
cuda_libs=no
[[ ${TENSORGATE_CUDA_LIBS:-0} == 0 ]] || cuda_libs=yes
check=no
arch=$(uname -m)
dest=$here/../third_party/libtensorflow
for arg in "$@"; do
  case $arg in
    --variant=*) variant=${arg#*=} ;;
    --arch=*) arch=${arg#*=} ;;
    --with-cuda-libs) cuda_libs=yes ;;
    --dest=?*) dest=${arg#*=} ;;
    --check) check=yes ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && fail $EXIT_USAGE "unknown argument $arg" ;;
  esac
done
dest=$(realpath -ms "$dest")
if [[ -z $variant && -f $dest/libtensorflow.stamp ]]; then
  read -r _ variant _ <"$dest/libtensorflow.stamp"
fi
variant=${variant:-cpu}
[[ $variant == cpu || $variant == cuda ]] || fail $EXIT_USAGE "no variant '$variant'; use cpu or cuda"
[[ $cuda_libs == no || $variant == cuda ]] ||
  fail $EXIT_USAGE "--with-cuda-libs needs --variant=cuda"

# --- where to ------------------------------------------------------------------------------------
has_library() { # has_library DIR
  [[ -f $1/lib/libtensorflow_cc.so.2 && -f $1/lib/libtensorflow_framework.so.2 &&
    -f $1/include/tensorflow/c/c_api.h ]]
}

if [[ -n ${LIBTENSORFLOW_PATH:-} ]]; then
  has_library "$LIBTENSORFLOW_PATH" || fail $EXIT_OWN_PATH \
    "LIBTENSORFLOW_PATH=$LIBTENSORFLOW_PATH lacks lib/libtensorflow_cc.so.2, lib/libtensorflow_framework.so.2 or include/tensorflow/c/c_api.h"
  own=$(cd "$LIBTENSORFLOW_PATH" && pwd -P)
  if [[ $own != "$(realpath -m "$dest")" ]]; then
    [[ $check == no ]] || exit $EXIT_WOULD_FETCH
    open_scratch
    ln -s "$own" "$scratch/link"
    replace "$scratch/link"
  fi
  say "uses $own (LIBTENSORFLOW_PATH)"
  exit 0
fi

# --- which wheel ---------------------------------------------------------------------------------
require_linux_with_glibc
case $variant-$arch in
  cpu-x86_64) package=tensorflow_cpu ;;
  cuda-x86_64 | cpu-aarch64) package=tensorflow ;; # for arm64 there is no tensorflow-cpu
  *) fail $EXIT_PLATFORM "no $variant library for $arch; build your own and set LIBTENSORFLOW_PATH" ;;
esac
platform=manylinux_2_27_$arch
name_wheel "$package" "$VERSION" "$here/libtensorflow.sha256"
stamp="$VERSION $variant $arch $sha256"

is_there() {
  has_library "$dest" && [[ -f $dest/libtensorflow.stamp && $(<"$dest/libtensorflow.stamp") == "$stamp" ]] &&
    [[ $cuda_libs == no || -d $dest/nvidia ]]
}
if is_there; then
  say "$VERSION ($variant, $arch) is already there"
  exit 0
fi
if [[ -L $dest ]] && has_library "$dest"; then
  say "uses $(realpath "$dest"), linked earlier; remove $dest to fetch $VERSION instead"
  exit 0
fi

[[ $check == no ]] || exit $EXIT_WOULD_FETCH

need_mb=1300
if [[ $variant == cuda ]]; then need_mb=2000; fi
if [[ $cuda_libs == yes ]]; then need_mb=9000; fi
require_node_and_space

# --- fetch, check, unpack ------------------------------------------------------------------------
open_scratch
fetch_wheel "$package"
say "unpacking the libraries and headers"
unpack_wheel libtensorflow
if [[ $cuda_libs == yes ]]; then
  say "fetching CUDA's libraries"
  busy "fetching CUDA's libraries" wheels cuda-libs "$here/cuda-libs.txt" "$scratch" "$scratch/new" ||
    explain "fetched CUDA's libraries"
fi
echo "$stamp" >"$scratch/new/libtensorflow.stamp"
if is_there; then exit 0; fi # another run was faster
replace "$scratch/new"
say "$VERSION ($variant, $arch) is in $dest"
