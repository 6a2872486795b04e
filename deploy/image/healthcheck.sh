#!/bin/bash
# The images' HEALTHCHECK: status 0 where GET /readyz is 200. The port is the server's own --rest_api_port, or that in
# TENSORGATE_HEALTHCHECK_PORT. Asked by the shell itself: a Node.js process each time would cost more than the answer.
tls=no
port=8501
while IFS= read -r -d '' argument; do
  case $argument in
    --rest_api_port=*) port=${argument#*=} ;;
    --ssl_config_file=?*) tls=yes ;;
  esac
done </proc/1/cmdline
port=${TENSORGATE_HEALTHCHECK_PORT:-$port}

if [[ $tls == yes ]]; then
  exec node -e '
    require("node:https")
      .get({ port: process.argv[1], path: "/readyz", rejectUnauthorized: false }, ({ statusCode }) =>
        process.exit(statusCode === 200 ? 0 : 1))
      .on("error", ({ message }) => {
        console.log(message);
        process.exit(1);
      })' "$port"
fi
exec 3<>"/dev/tcp/127.0.0.1/$port" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
IFS= read -r line <&3
echo "$line"
[[ $line == HTTP/1.*' 200 '* ]]
