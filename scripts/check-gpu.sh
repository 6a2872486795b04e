#!/usr/bin/env bash
# What to check on a GPU host, in a checkout or in the image of Dockerfile.cuda:
#   scripts/check-gpu.sh
#   docker run --rm --gpus all --entrypoint bash tensorgate:0.1.0-cuda \
#     /opt/tensorgate/lib/node_modules/tensorgate/scripts/check-gpu.sh
# Prints ok or failed per check, and leaves the server's log in /tmp/check-gpu.log. TENSORGATE_CUDA_LIBS=1 takes
# CUDA's libraries from pip in a checkout; without it they must be the system's. Asks by Node.js and waits by the
# shell, since the image has few programs.
set -uo pipefail
cd "$(node -p 'require("path").dirname(fs.realpathSync(process.argv[1]))' "${BASH_SOURCE[0]}")/.." || exit
export TENSORGATE_VARIANT=cuda TF_CPP_MIN_LOG_LEVEL=0
log=/tmp/check-gpu.log
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

has_gpu() { [[ $(nvidia-smi -L) == *GPU* ]]; }
serving() { # waits until the model is loaded
  local i
  for ((i = 0; i < 120; i++)); do
    [[ $(<"$log") == *'"msg":"serving"'* ]] && return
    kill -0 "$server" 2>/dev/null || return
    sleep 1
  done
  return 1
}
answers() { # answers N: that many requests, 8 at a time, all answered right
  # shellcheck disable=SC2016 # JavaScript's
  node -e '
    const [url, requests] = process.argv.slice(1);
    let left = Number(requests);
    const ask = async () => {
      while (left-- > 0) {
        const body = JSON.stringify({ instances: [1, 2, 5] });
        const reply = await fetch(url, { method: "POST", body, signal: AbortSignal.timeout(60_000) });
        const text = JSON.stringify(await reply.json());
        if (text !== `{"predictions":[2.5,3,4.5]}`) throw new Error(text);
      }
    };
    await Promise.all(Array.from({ length: 8 }, ask));
  ' --input-type=module "http://127.0.0.1:$port/v1/models/half_plus_two:predict" "$1"
}
made_device() { [[ $(<"$log") =~ Created\ device\ .*device:GPU:0 ]]; }
has_libraries() {
  shopt -s nocasematch
  ! [[ $(<"$log") =~ could\ not\ load\ dynamic\ library|cannot\ dlopen ]]
}
gpu_mb() { nvidia-smi --query-gpu=memory.used --format=csv,noheader,nounits --id=0 2>/dev/null; }
holds_gpu_memory() { (($(gpu_mb) > idle_mb + 200)); }
stops() { kill -TERM "$server" && wait "$server"; }

check "nvidia-smi lists a GPU" has_gpu
if [[ -e tsconfig.json ]]; then
  check "the set-up with the CUDA library works" node scripts/setup.mjs
fi
idle_mb=$(gpu_mb)
node bin/tensorgate.mjs --port=$((port - 1)) --rest_api_port="$port" --model_name=half_plus_two \
  --model_base_path="$PWD/examples/models/half_plus_two" >"$log" 2>&1 &
server=$!
check "the server serves" serving
check "TensorFlow made the GPU device" made_device
check "no CUDA library is missing" has_libraries
check "the server holds memory of the GPU" holds_gpu_memory
check "half_plus_two answers right" answers 1
check "200 concurrent requests answer right" answers 200
check "SIGTERM stops it with status 0" stops
server=
if ((failures > 0)); then
  echo "$failures failed; the server's log is in $log"
  exit 1
fi
echo "all ok"
