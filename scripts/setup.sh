#!/usr/bin/env bash
# Makes sure that everything the build needs is there: a Swift toolchain and a few Debian packages.
# Installs missing packages when root or password-less sudo allows it; otherwise names them and stops.
set -euo pipefail

if ! command -v swift >/dev/null 2>&1; then
  echo "error: no Swift toolchain on PATH. Install Swift 6.3 or later (https://www.swift.org/install)." >&2
  exit 3
fi

packages=(libopenblas-dev libgraphviz-dev libgdk-pixbuf-2.0-dev libsqlite3-dev pkg-config fonts-dejavu-core)
# The specialised kernels are compiled on the user's machine; without a C compiler the prebuilt ones serve.
command -v clang >/dev/null 2>&1 || command -v cc >/dev/null 2>&1 || packages+=(gcc libc6-dev)

if ! command -v dpkg-query >/dev/null 2>&1; then
  echo "note: not a Debian system; please make sure that these (or their like) are installed: ${packages[*]}" >&2
  exit 0
fi
missing=()
for package in "${packages[@]}"; do
  status=$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true)
  [ "$status" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -eq 0 ] && exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  if command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root=(sudo -n)
  else
    echo "error: these Debian packages are missing: ${missing[*]}" >&2
    echo "help: sudo apt-get install ${missing[*]}" >&2
    exit 3
  fi
fi
echo "Installing ${missing[*]} ..."
export DEBIAN_FRONTEND=noninteractive
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
