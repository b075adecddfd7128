#!/usr/bin/env bash
# The tour of `make demo`: check a program, count it, draw it, compile it, train it on real images.
set -euo pipefail
irlas=$1
out=$2
program=samples/digits.irlas
mkdir -p "$out"

say() { printf '\n\033[1m$ %s\033[0m\n' "$*"; }

say irlas check $program samples/published/*.irlas
"$irlas" check $program samples/published/*.irlas

say irlas stats $program
"$irlas" stats $program

say irlas render $program -o "$out/digits.svg"
"$irlas" render $program -o "$out/digits.svg"

say irlas compile $program -o "$out/kernels"
"$irlas" compile $program -o "$out/kernels"

say irlas train $program --out "$out/run"
"$irlas" train $program --out "$out/run"

cat <<EOF

  diagram      $out/digits.svg
  checkpoint   $out/run/checkpoint.safetensors
  generated C  $out/kernels
EOF
