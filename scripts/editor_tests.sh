#!/usr/bin/env bash
# Tries `irlas lsp` with real clients: a headless Neovim from the system's packages, and pytest-lsp from PyPI in a
# virtual environment. What cannot be had is named, and its tests are left out.
#
#   scripts/editor_tests.sh .build/release/irlas
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
IRLAS=$(realpath "$1")
export IRLAS IRLAS_EDITORS="$root/editors"
scratch="$root/.build/editor-tests"
mkdir -p "$scratch"
export PYTHONDONTWRITEBYTECODE=1
export XDG_CACHE_HOME="$scratch/cache"

# install PACKAGE...: from Debian's packages, where that is allowed.
install() {
  command -v apt-get >/dev/null 2>&1 || return 1
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    sudo -n true 2>/dev/null || return 1
    as_root=(sudo -n)
  fi
  export DEBIAN_FRONTEND=noninteractive
  "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
    { "${as_root[@]}" apt-get update -qq >/dev/null 2>&1 &&
      "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1; }
}

if command -v nvim >/dev/null 2>&1 || install neovim; then
  echo "Neovim: $(nvim --version | head -n 1)"
  XDG_CONFIG_HOME="$scratch/config" XDG_DATA_HOME="$scratch/data" XDG_STATE_HOME="$scratch/state" \
    timeout 120 nvim --headless -u NONE -i NONE -n -S "$root/Tests/Editors/nvim.lua"
else
  echo "SKIPPED: the tests with Neovim: there is no nvim here, and it cannot be installed." >&2
fi

venv="$scratch/venv"
requirements="$root/Tests/Editors/requirements.txt"
if ! cmp -s "$requirements" "$venv/requirements.txt"; then
  rm -rf "$venv"
  command -v python3 >/dev/null 2>&1 && { python3 -m venv "$venv" 2>/dev/null ||
    { install python3-venv && python3 -m venv "$venv"; }; } &&
    timeout 300 "$venv/bin/python" -m pip install -q --disable-pip-version-check -r "$requirements" &&
    cp "$requirements" "$venv/requirements.txt" || true
fi
if [ -f "$venv/requirements.txt" ]; then
  timeout 300 "$venv/bin/python" -m pytest -q -p no:cacheprovider -o asyncio_default_fixture_loop_scope=function \
    "$root/Tests/Editors"
else
  echo "SKIPPED: the tests with pytest-lsp: its packages cannot be fetched." >&2
fi
