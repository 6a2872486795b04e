#!/usr/bin/env bash
# Takes the TensorFlow C library out of the pinned PyPI wheel, fetched through pip:
#   DEST/lib/libtensorflow_cc.so.2, DEST/lib/libtensorflow_framework.so.2
#   DEST/include/                    the C API's headers and what they include
#   DEST/nvidia/*/lib                CUDA's libraries, with --with-cuda-libs; the wheel's own libraries
#                                    look for them in $ORIGIN/../nvidia/*/lib
#   DEST/libtensorflow.stamp         what it is; while it matches, a further run is a no-op and offline
# DEST appears by one rename, so that an interrupted run leaves nothing half-done.
set -euo pipefail

readonly VERSION=2.21.0
# Always this Python's wheel, whatever the local one: the C library is the same, and one checksum is pinned.
readonly WHEEL_PYTHON=3.11
readonly EXIT_USAGE=2 EXIT_PLATFORM=3 EXIT_PIP=4 EXIT_NETWORK=5 EXIT_CHECKSUM=6 EXIT_SPACE=7 EXIT_OWN_PATH=8
readonly EXIT_WOULD_FETCH=10

usage() {
  cat <<'TEXT'
usage: fetch-libtensorflow.sh [--variant=cpu|cuda] [--with-cuda-libs] [--dest=DIR] [--check]
  --variant         cpu or cuda; default: TENSORGATE_VARIANT, else the one that is there, else cpu
  --with-cuda-libs  with cuda: CUDA's own libraries (about 4 GB) from pip, instead of the system's;
                    also TENSORGATE_CUDA_LIBS=1
  --dest            default: third_party/libtensorflow
  --check           fetches nothing: exit 0 when it is there, 10 when it would be fetched
  LIBTENSORFLOW_PATH=DIR  links DEST to your own build (lib/ and include/) and fetches nothing
TEXT
}
say() { echo "libtensorflow: $*"; }
fail() { # fail CODE MESSAGE
  echo "libtensorflow: error: $2" >&2
  exit "$1"
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
variant=${TENSORGATE_VARIANT:-}
cuda_libs=no
[[ ${TENSORGATE_CUDA_LIBS:-0} == 0 ]] || cuda_libs=yes
check=no
dest=$here/../third_party/libtensorflow
for arg in "$@"; do
  case $arg in
    --variant=*) variant=${arg#*=} ;;
    --with-cuda-libs) cuda_libs=yes ;;
    --dest=?*) dest=${arg#*=} ;;
    --check) check=yes ;;
    --help) usage && exit 0 ;;
    *) usage >&2 && fail $EXIT_USAGE "unknown argument $arg" ;;
  esac
done
dest=$(realpath -ms "$dest")
parent=$(dirname "$dest")
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
# replace NEW: puts NEW (a folder or a link) where DEST is, in the scratch folder's file system.
replace() {
  if [[ -e $dest || -L $dest ]]; then mv -T "$dest" "$scratch/old"; fi
  mv -T "$1" "$dest"
}
open_scratch() {
  local stale pid
  for stale in "$parent"/.download/*.*; do # PID.RANDOM, left by a run that was killed
    pid=$(basename "$stale")
    pid=${pid%%.*}
    if [[ -d $stale ]] && ! kill -0 "$pid" 2>/dev/null; then rm -rf "$stale"; fi
  done
  scratch=$parent/.download/$$.$RANDOM
  mkdir -p "$scratch"
  trap close_scratch EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
}
close_scratch() {
  if [[ -n ${child:-} ]]; then kill "$child" 2>/dev/null && wait "$child" || true; fi
  rm -rf "$scratch"
  rmdir "$parent/.download" 2>/dev/null || true
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
[[ $(uname -s) == Linux ]] ||
  fail $EXIT_PLATFORM "no library for $(uname -s); build your own and set LIBTENSORFLOW_PATH"
getconf GNU_LIBC_VERSION >/dev/null 2>&1 ||
  fail $EXIT_PLATFORM "needs glibc (musl systems such as Alpine are not supported); use a Debian or Fedora image"
arch=$(uname -m)
case $variant-$arch in
  cpu-x86_64) package=tensorflow_cpu ;;
  cuda-x86_64 | cpu-aarch64) package=tensorflow ;; # for arm64 there is no tensorflow-cpu
  *) fail $EXIT_PLATFORM "no $variant library for $arch; build your own and set LIBTENSORFLOW_PATH" ;;
esac
platform=manylinux_2_27_$arch
python_tag=cp${WHEEL_PYTHON/./}
wheel=$package-$VERSION-$python_tag-$python_tag-$platform.whl
sha256=$(awk -v wheel="$wheel" '$2 == wheel { print $1 }' "$here/libtensorflow.sha256")
[[ -n $sha256 ]] || fail $EXIT_CHECKSUM "no checksum of $wheel in $here/libtensorflow.sha256"
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

# --- can it work ---------------------------------------------------------------------------------
command -v python3 >/dev/null || fail $EXIT_PIP "needs python3 with pip: apt-get install python3-pip, or dnf install python3-pip"
python3 -m pip --version >/dev/null 2>&1 ||
  fail $EXIT_PIP "python3 has no pip: apt-get install python3-pip, or dnf install python3-pip"
mkdir -p "$parent"
need_mb=1300
if [[ $variant == cuda ]]; then need_mb=2000; fi
if [[ $cuda_libs == yes ]]; then need_mb=9000; fi
free_mb=$(df -Pm "$parent" | awk 'NR == 2 { print $4 }')
((free_mb >= need_mb)) ||
  fail $EXIT_SPACE "needs $need_mb MB free in $parent, $free_mb MB are; free some, or choose --dest=DIR"

# --- fetch, check, unpack ------------------------------------------------------------------------
# busy WHAT JOB: runs JOB in the background with its output in a log, tells every few seconds how far
# it is. A JOB ends in exec, so that the process killed by an interrupt is the one that works.
busy() {
  local what=$1 start=$SECONDS code=0
  shift
  "$@" >"$scratch/log" 2>&1 &
  child=$!
  while kill -0 "$child" 2>/dev/null; do
    sleep 0.2
    if ((SECONDS - start >= ${next:=5})); then
      say "$what: $(du -sm "$scratch" | cut -f1) MB, $((SECONDS - start)) s"
      next=$((SECONDS - start + 5))
    fi
  done
  wait "$child" || code=$?
  child=
  next=
  return $code
}
explain() { # explain WHAT: why the last command failed, in one line, from its log
  if grep -qi 'no space left' "$scratch/log"; then
    fail $EXIT_SPACE "no space left in $parent while it $1; needs $need_mb MB, or choose --dest=DIR"
  elif grep -qi 'do not match the hashes' "$scratch/log"; then
    fail $EXIT_CHECKSUM "a package is not the pinned one: $(grep -i 'expected\|got' "$scratch/log" | xargs)"
  elif grep -qiE 'connection ?(error|broken|reset)|from versions: none|timed out|ProxyError|SSLError' "$scratch/log"; then
    fail $EXIT_NETWORK "cannot reach a pip package index that has it; check the network and PIP_INDEX_URL, or set LIBTENSORFLOW_PATH"
  fi
  fail $EXIT_NETWORK "failed while it $1: $(grep -v '^ *$' "$scratch/log" | tail -n 1)"
}
download() {
  TMPDIR=$scratch exec python3 -m pip download --no-deps --only-binary=:all: --implementation cp \
    --python-version "$WHEEL_PYTHON" --platform "$platform" --progress-bar off \
    --dest "$scratch" "${package/_/-}==$VERSION"
}
unpack() { # the two libraries, and the C headers with all that they include
  exec python3 - "$scratch/$wheel" "$scratch/new" <<'PYTHON'
import os, re, shutil, sys, zipfile
wheel, out = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
def extract(name, to):
    to = os.path.join(out, to)
    os.makedirs(os.path.dirname(to), exist_ok=True)
    with wheel.open(name) as source, open(to, "wb") as target:
        shutil.copyfileobj(source, target, 1 << 20)
for library in ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2"):
    extract("tensorflow/" + library, "lib/" + library)
todo, seen = ["tensorflow/c/c_api.h", "tensorflow/c/c_api_experimental.h"], set()
while todo:
    header = todo.pop()
    if header in seen:
        continue
    seen.add(header)
    name = "tensorflow/include/" + header
    extract(name, "include/" + header)
    todo += re.findall(r'#\s*include\s+"([^"]+)"', wheel.read(name).decode())
PYTHON
}
install_cuda_libs() {
  TMPDIR=$scratch exec python3 -m pip install --no-deps --only-binary=:all: --implementation cp \
    --python-version "$WHEEL_PYTHON" --platform manylinux_2_27_x86_64 --platform manylinux2014_x86_64 \
    --progress-bar off --no-cache-dir --require-hashes --target "$scratch/cuda" \
    -r "$here/cuda-libs.txt"
}

open_scratch
say "downloading $wheel with pip"
busy "downloading" download || explain "downloaded $wheel"
got=$(sha256sum "$scratch/$wheel" | cut -d' ' -f1)
[[ $got == "$sha256" ]] || fail $EXIT_CHECKSUM \
  "$wheel is not the pinned one: sha256 $got, expected $sha256; check the package index (PIP_INDEX_URL) and try again"
say "unpacking the libraries and headers"
busy "unpacking" unpack || explain "unpacked $wheel"
rm "$scratch/$wheel"
if [[ $cuda_libs == yes ]]; then
  say "installing CUDA's libraries with pip"
  busy "installing CUDA's libraries" install_cuda_libs || explain "installed CUDA's libraries"
  mv "$scratch/cuda/nvidia" "$scratch/new/nvidia"
fi
echo "$stamp" >"$scratch/new/libtensorflow.stamp"
if is_there; then exit 0; fi # another run was faster
replace "$scratch/new"
say "$VERSION ($variant, $arch) is in $dest"
