#!/usr/bin/env bash
# Takes OpenVINO's runtime for CPUs out of the pinned PyPI wheel, fetched through pip:
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
require_pip_and_space

# The libraries that a CPU needs, and the notices of what they contain. Without tbbbind, TBB leaves threads where
# the kernel puts them, which is what we want of it.
unpack() {
  exec python3 - "$scratch/$wheel" "$scratch/new" <<'PYTHON'
import os, re, shutil, sys, zipfile
wheel, out = zipfile.ZipFile(sys.argv[1]), sys.argv[2]
wanted = re.compile(
    r"openvino/libs/lib(openvino|openvino_c|openvino_(intel|arm)_cpu_plugin|tbb|tbbmalloc"
    r"|openvino_(ir|onnx|tensorflow|tensorflow_lite)_frontend)\.so(\.\d+)*"
)
notices = re.compile(r"openvino-[^/]*\.dist-info/licenses/(LICENSE|\S*third-party-programs.txt)")
names = [(name, "lib") for name in wheel.namelist() if wanted.fullmatch(name)]
if not any(os.path.basename(name).startswith("libopenvino_c.so") for name, _ in names):
    sys.exit("no openvino/libs/libopenvino_c.so in the wheel")
names += [(name, "licenses") for name in wheel.namelist() if notices.fullmatch(name)]
for name, folder in names:
    os.makedirs(os.path.join(out, folder), exist_ok=True)
    with wheel.open(name) as source, open(
        os.path.join(out, folder, os.path.basename(name)), "wb"
    ) as target:
        shutil.copyfileobj(source, target, 1 << 20)
PYTHON
}

open_scratch
fetch_wheel openvino "$VERSION"
say "unpacking the libraries"
busy "unpacking" unpack || explain "unpacked $wheel"
rm "$scratch/$wheel"
echo "$stamp" >"$scratch/new/openvino.stamp"
if is_there; then exit 0; fi # another run was faster
replace "$scratch/new"
say "$VERSION ($arch) is in $dest"
