#!/usr/bin/env bash
# The tour of `make demo`: check a program, count it, draw it, compile it, train it on real images; then search: learn
# what makes an expert what it is, look for better programs for about three minutes, and train the best one fully.
set -euo pipefail
irlas=$1
out=$2
program=samples/digits.irlas
mkdir -p "$out"
# What an earlier tour has left behind.
rm -rf "$out/run" "$out/study" "$out/winner"

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

say irlas search samples/searches/digits.irlas --out "$out/study"
"$irlas" search samples/searches/digits.irlas --out "$out/study"

say irlas study best "$out/study"
"$irlas" study best "$out/study"

say irlas render "$out/study/found/1.irlas" -o "$out/winner.svg"
"$irlas" render "$out/study/found/1.irlas" -o "$out/winner.svg"

say irlas train "$out/study/found/1.irlas" --data samples/data/digits --epochs 40 --out "$out/winner"
"$irlas" train "$out/study/found/1.irlas" --data samples/data/digits --epochs 40 --out "$out/winner"

cat <<EOF

  diagram      $out/digits.svg, $out/winner.svg
  checkpoint   $out/run/checkpoint.safetensors
  study        $out/study (irlas study list $out/study)
  winner       $out/study/found/1.irlas
  report       $out/study/report.html
  generated C  $out/kernels
EOF
