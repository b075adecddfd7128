#!/bin/sh
# Replays all agents on the tables of small spaces, each seed with and without the mirror.
#
#     Benchmarks/tables.sh IRLAS [1]
#
# With a second argument the tables are made first: every distinct program of samples/searches/cells.irlas and of
# Benchmarks/evidence/blocks.irlas is trained, three times and twice. That can be stopped and gone on with at any time.
set -eu
irlas=$1
evidence=Benchmarks/evidence
seeds=${SEEDS:-50}

make_table() { # FILE TABLE SEEDS
  folder=${TABLES:-.build/tables}
  mkdir -p "$folder"
  [ -d "$folder/pictures" ] ||
    "$irlas" data synth "$folder/pictures" --side 16 --train 9000 --test 1000 --seed 1
  parts=$(getconf _NPROCESSORS_ONLN)
  part=1
  while [ "$part" -le "$parts" ]; do
    "$irlas" table make "$1" Net --data "$folder/pictures" --seeds "$3" --threads 1 \
      --part "$part/$parts" -o "$folder/$2.$part" &
    part=$((part + 1))
  done
  wait
  cat "$folder/$2".[0-9]* | sort > "$evidence/$2"
}

if [ -n "${2:-}" ]; then
  make_table samples/searches/cells.irlas cells.jsonl 3
  make_table $evidence/blocks.irlas blocks.jsonl 2
fi
for name in cells blocks; do
  case $name in
    cells) file=samples/searches/cells.irlas ;;
    blocks) file=$evidence/blocks.irlas ;;
  esac
  echo "== $name"
  "$irlas" table signal "$evidence/$name.jsonl"
  echo
  "$irlas" table replay "$file" --table "$evidence/$name.jsonl" --seeds "$seeds"
done
