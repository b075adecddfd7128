#!/usr/bin/env bash
# The cells of NAS-Bench-101 (Ying et al., ICML 2019) through the language: 2,532 of up to 5 vertices and 64,542 of up to
# 6, which are those and the 62,010 that have 6. Takes about two minutes.
#
#   scripts/nb101.sh .build/release/irlas
set -euo pipefail
irlas=$1
space="$(cd "$(dirname "$0")/.." && pwd)/samples/spaces/nb101.irlas"

# count VERTICES CELLS: input and output are among the vertices.
count() {
  local counted
  counted=$("$irlas" space count --exact "$space" Cells --set "interior=$(($1 - 2))")
  printf '%s\n' "$counted"
  if ! grep -q " $2 distinct topologies\$" <<<"$counted"; then
    echo "error: up to $1 vertices there are $2 cells" >&2
    exit 1
  fi
}

count 5 2_532
count 6 64_542
