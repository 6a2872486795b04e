#!/usr/bin/env bash
# deploy/image/layers.sh PREFIX LAYERS: makes the folders that the images' layers are, out of this Debian and what
# deploy/install.sh put below PREFIX: LAYERS/base (what programs need of Debian, and a shell), LAYERS/node (Node.js)
# and LAYERS/server (the rest, but for libtensorflow, which lies in LIBTENSORFLOW_PATH). It is the last step of their
# build; what is not taken here is not in them: no compiler, package manager or Python.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
prefix=$1
layers=$2

# --- base ----------------------------------------------------------------------------------------
readonly PACKAGES=(base-files bash ca-certificates dash libc6 libgcc-s1 libstdc++6 libtinfo6 tzdata)
base=$layers/base
mkdir -p "$base"/{dev,etc/ssl/certs,models,proc,root,sys,usr/bin,usr/lib,usr/lib64,usr/sbin,var/lib/dpkg/status.d}
for name in bin lib lib64 sbin; do ln -s "usr/$name" "$base/$name"; done
for package in "${PACKAGES[@]}"; do
  # Licences stay; gconv converts between character sets, for programs that are not here.
  dpkg --listfiles "$package" |
    grep -v -e '^package diverts' -e '^/usr/share/\(ca-certificates\|gcc\|gdb\|info\|lintian\|locale\|man\|menu\)/' \
      -e '^/etc/dpkg/' -e '^/usr/sbin/' -e '/gconv/' -e '/bin/\(bashbug\|clear_console\)$' |
    grep -v '^/usr/share/doc/.*/\(changelog\|NEWS\|README\|FAQ\|CHANGES\|COMPAT\|INTRO\|RBASH\|POSIX\)' |
    while IFS= read -r path; do
      if [[ -L $path || (-e $path && ! -d $path) ]]; then printf '%s\0' "${path#/}"; fi
    done | tar --create --directory / --null --files-from=- |
    tar --extract --keep-directory-symlink --directory "$base"
  # Where scanners look for what such an image is made of.
  dpkg-query --status "$package" >"$base/var/lib/dpkg/status.d/$package"
done
# A start script may need these; preStop hooks sleep.
for name in cat env sleep; do cp "$(command -v "$name")" "$base/usr/bin/"; done
ln -sf bash "$base/usr/bin/rbash"
cp /etc/nsswitch.conf "$base/etc/"
# Debian's certificates, whatever else this machine trusts.
cat /usr/share/ca-certificates/mozilla/*.crt >"$base/etc/ssl/certs/ca-certificates.crt"
echo 'root:x:0:0:root:/root:/bin/sh
tensorgate:x:1000:1000:tensorgate:/tmp:/bin/sh' >"$base/etc/passwd"
echo 'root:x:0:
tensorgate:x:1000:' >"$base/etc/group"
install -d -m 1777 "$base/tmp" "$base/var/tmp"

# --- Node.js -------------------------------------------------------------------------------------
mkdir -p "$layers/node/usr/local/bin"
strip --strip-unneeded -o "$layers/node/usr/local/bin/node" "$(command -v node)"
chmod 755 "$layers/node/usr/local/bin/node"

# --- the server ----------------------------------------------------------------------------------
own=$layers/server/opt/tensorgate
mkdir -p "$own/lib/node_modules" "$layers/server/usr/bin"
cp -R "$prefix/lib/node_modules/tensorgate" "$own/lib/node_modules/"
cd "$own/lib/node_modules/tensorgate"
# What only builds: its npm packages, then its sources.
npm pkg delete devDependencies scripts dependencies.cmake-js dependencies.node-addon-api
npm prune --ignore-scripts --no-audit --no-fund --no-package-lock
rm -rf binding CMakeLists.txt
# uWebSockets.js carries a binary for each platform and each of Node's ABIs.
find node_modules/uWebSockets.js -mindepth 1 -maxdepth 1 ! -name package.json ! -name LICENSE ! -name '*.mjs' ! -name uws.js \
  ! -name "uws_linux_$(node -p 'process.arch + "_" + process.versions.modules').node" -exec rm -rf {} +
# Of what is published in three forms Node.js takes the one that "main" names.
rm -rf node_modules/@opentelemetry/*/build/{esm,esnext}
find . -type f \( -name '*.map' -o -name '*.ts' -o -name '*.mts' -o -name '*.cts' \) -delete
find . -type d -empty -delete

addon=$(find "$prefix/cache/tensorgate" -name tensorgate.node)
mkdir -p "$own/native/build/Release"
cp "$addon" "$own/native/build/Release/"
find "$own" -name '*.node' -exec strip --strip-unneeded {} +
# shellcheck disable=SC2016 # $ORIGIN is the loader's
patchelf --set-rpath '$ORIGIN/../../../libtensorflow/lib' "$own/native/build/Release/tensorgate.node"
for folder in "$prefix"/cache/tensorgate/{ops,openvino}-*; do
  case $folder in
    */ops-text-*) mkdir -p "$own/ops" && cp -R "$folder" "$own/ops/text" ;;
    */openvino-*[0-9a-f]) cp -R "$folder" "$own/openvino" ;;
  esac
done

for name in tensorgate tensorflow_model_server; do
  ln -s /opt/tensorgate/lib/node_modules/tensorgate/bin/tensorgate.mjs "$layers/server/usr/bin/$name"
done
cp "$here/../entrypoint.sh" "$layers/server/usr/bin/tf_serving_entrypoint.sh"
cp "$here/healthcheck.sh" "$layers/server/usr/bin/tensorgate_healthcheck"
mkdir -p "$layers/server/usr/share/sbom"
npm sbom --sbom-format=cyclonedx --sbom-type=application |
  node "$here/sbom.mjs" "$base/var/lib/dpkg/status.d" "$own" >"$layers/server/usr/share/sbom/tensorgate.cdx.json"
