#!/usr/bin/env bash
# Fills a folder with what coverage-guided fuzzing starts from: every sample once for each thing that reads text (the
# first byte says which).
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
find "$root/samples" "$root/Sources/IRLASDSL/Standard" -name '*.irlas' -size -8k | sort | while read -r file; do
  for kind in 0 1 2; do
    { printf "\\x0$kind"; cat "$file"; } >"$1/$(basename "$file").$kind"
  done
done
body='{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///a.irlas"},"position":{"line":0,"character":26}}}'
printf '\x03Content-Length: %d\r\n\r\n%s' "${#body}" "$body" >"$1/hover.3"
printf '\x04irlas graph 1\n' >"$1/graph.4"
