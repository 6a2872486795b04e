#!/usr/bin/env bash
# What to check on a GPU host, in a checkout: scripts/check-gpu.sh
# Prints ok or failed per check, and leaves the server's log in build/check-gpu.log. TENSORGATE_CUDA_LIBS=1
# takes CUDA's libraries from pip; without it they must be the system's.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit
export TENSORGATE_VARIANT=cuda TF_CPP_MIN_LOG_LEVEL=0
log=build/check-gpu.log
port=${PORT:-18501}
failures=0

check() { # check NAME COMMAND...
  local name=$1
  shift
  if "$@" >/dev/null 2>&1; then
    echo "ok      $name"
  else
    echo "failed  $name"
    failures=$((failures + 1))
  fi
}
finish() {
  if [[ -n ${server:-} ]] && kill -0 "$server" 2>/dev/null; then
    kill "$server"
    wait "$server"
  fi
}
trap finish EXIT

predict() { # predict MODEL BODY EXPECTED
  [[ $(curl -sS --max-time 60 -d "$2" "http://127.0.0.1:$port/v1/models/$1:predict" | tr -d ' \n') == "$3" ]]
}
serving() { # waits until the models are loaded
  local i
  for ((i = 0; i < 120; i++)); do
    curl -sf "http://127.0.0.1:$port/v1/models/half_plus_two" | grep -q AVAILABLE && return
    kill -0 "$server" 2>/dev/null || return
    sleep 1
  done
  return 1
}
gpu_mb() { nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits 2>/dev/null | head -n 1; }
holds_gpu_memory() { (($(gpu_mb) > idle_mb + 200)); }
many() { # 200 requests, 8 at a time, all answered right
  local body='{"instances":[1.0,2.0,5.0]}' answers
  answers=$(seq 200 | xargs -P 8 -I{} curl -sS --max-time 60 -d "$body" \
    "http://127.0.0.1:$port/v1/models/half_plus_two:predict" | tr -d ' \n' | grep -o '2.5,3.0,4.5' | wc -l)
  [[ $answers == 200 ]]
}
stops() {
  kill -TERM "$server" && wait "$server"
}

mkdir -p build
check "nvidia-smi lists a GPU" bash -c 'nvidia-smi -L | grep -q GPU'
check "the driver's libcuda.so.1 can be loaded" \
  python3 -c 'import ctypes; assert ctypes.CDLL("libcuda.so.1").cuInit(0) == 0'
check "the set-up with the CUDA library works" node scripts/setup.mjs
check "libtensorflow is the CUDA one" grep -qw cuda third_party/libtensorflow/libtensorflow.stamp
idle_mb=$(gpu_mb)
node scripts/start.mjs --port=$((port - 1)) --rest_api_port="$port" >"$log" 2>&1 &
server=$!
check "the server serves the demo models" serving
check "TensorFlow made the GPU device" grep -qE 'Created device .*device:GPU:0' "$log"
check "no CUDA library is missing" bash -c "! grep -qiE 'could not load dynamic library|cannot dlopen' $log"
check "the server holds memory of the GPU" holds_gpu_memory
check "half_plus_two answers right" \
  predict half_plus_two '{"instances":[1.0,2.0,5.0]}' '{"predictions":[2.5,3.0,4.5]}'
check "200 concurrent requests answer right" many
check "SIGTERM stops it with status 0" stops
server=
if ((failures > 0)); then
  echo "$failures failed; the server's log is in $log"
  exit 1
fi
echo "all ok"
