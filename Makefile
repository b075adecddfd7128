# `make demo` and `make test` do all their own set-up on a Debian machine that has a Swift toolchain.

SWIFT  ?= swift
PREFIX ?= /usr/local
# One release build serves the program, the demo and the tests (`-enable-testing` keeps `@testable` possible).
FLAGS   = -c release -Xswiftc -enable-testing
IRLAS   = $(shell $(SWIFT) build $(FLAGS) --show-bin-path)/irlas
DEMO   ?= demo-output

.PHONY: build demo test lint install fuzz fuzz-coverage sanitize grammar-check bench-threads setup clean lsp-test bench-keystrokes bench-sampling nb101 evidence-mirror bench-features bench-table bench-front bench-precision bench-latency bench-peers fault-drill

build: setup
	$(SWIFT) build $(FLAGS) --product irlas

setup:
	@scripts/setup.sh

demo: build
	@scripts/demo.sh "$(IRLAS)" "$(DEMO)"

test: setup lint
	$(SWIFT) build $(FLAGS) --build-tests
	$(SWIFT) test $(FLAGS) --skip-build
	@scripts/editor_tests.sh "$(IRLAS)"

# The language server with real clients: Neovim from the system's packages, and a client from PyPI.
lsp-test: build
	@scripts/editor_tests.sh "$(IRLAS)"

lint:
	$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests

# A million mutated programs through the front end; `make test` runs twenty thousand.
fuzz: setup
	IRLAS_FUZZ_COUNT=$${IRLAS_FUZZ_COUNT:-1000000} $(SWIFT) test $(FLAGS) --filter Fuzz

# Coverage-guided fuzzing of everything that reads text, for FUZZ_SECONDS; what is found is left in .build/fuzzer.
FUZZ_SECONDS ?= 3600
fuzz-coverage: setup
	IRLAS_LIBFUZZER=1 $(SWIFT) build -c release --scratch-path .build/fuzzer --product FrontEndFuzzer
	scripts/fuzz_corpus.sh .build/fuzzer/corpus
	cd .build/fuzzer && release/FrontEndFuzzer -max_total_time=$(FUZZ_SECONDS) -timeout=10 -rss_limit_mb=4096 \
	  -max_len=4096 corpus

# Kernels, programs, caches and everything that reads files, under the address sanitizer (its own build).
# The Swift runtime keeps what it allocates, so leaks are not looked for.
sanitize: setup
	ASAN_OPTIONS=detect_leaks=0 $(SWIFT) test --sanitize=address --scratch-path .build/sanitize --filter \
	  'Kernel|ThreadPool|Executable|Schedule|GeneratedCode|Checkpoint|Dataset|Image|Lexer|Parser'

# The parser against one that a parser generator makes from grammar/irlas.ebnf (needs Python's lark).
grammar-check: build
	Tests/Reference/grammar_check.py --irlas "$(IRLAS)" --seed $${SEED:-2}

# NAS-Bench-101's cells of up to 6 vertices, counted through the language (two minutes; `make test` has those of up to 5).
nb101: build
	@scripts/nb101.sh "$(IRLAS)"

# Two threads against one, interleaved, on ResNeXt-29; and that both train it to the same bytes.
bench-threads: build
	Benchmarks/threads.py "$(IRLAS)"

# From a keystroke in a file of a thousand lines to the messages about it.
bench-keystrokes: build
	Benchmarks/keystrokes.py "$(IRLAS)"

# Blocks drawn from a space and hashed, on one core.
bench-sampling: build
	Benchmarks/sampling.py "$(IRLAS)"

# What a mirror that has seen one expert knows of blocks that people designed (docs/method.md).
evidence-mirror: build
	"$(IRLAS)" evidence --seed $${SEED:-1}

# Agents with and without the mirror, replayed on the two tables of Benchmarks/evidence (docs/method.md); with MAKE_TABLES=1
# the tables are made again first, which takes hours.
bench-table: build
	Benchmarks/tables.sh "$(IRLAS)" $(MAKE_TABLES)

# Searches with the mirror against random search and the expert, on accuracy and latency: an hour or two, can be interrupted.
bench-front: build
	Benchmarks/front.py "$(IRLAS)" "$${FRONT:-.build/front}"

# What products of bfloat16 cost in accuracy: trainings with both precisions, some ten minutes.
bench-precision: build
	Benchmarks/precision.py "$(IRLAS)"

# How well predicted latencies rank networks that were not measured.
bench-latency: build
	Benchmarks/latency.py "$(IRLAS)" "$${LATENCY:-.build/latency}"

# Blocks from graph to features, on one core.
bench-features: setup
	$(SWIFT) build $(FLAGS) --build-tests
	IRLAS_BENCHMARKS=1 $(SWIFT) test $(FLAGS) --skip-build --filter FeatureSpeedTests

# Beside PyTorch, ONNX Runtime and OpenVINO, which are set up from PyPI: `make bench-peers PEERS_ARGS="--only train/resnet20"`.
bench-peers: build
	Benchmarks/peers/run.py "$(IRLAS)" $(PEERS_ARGS)

# Searches that are killed at twenty random moments, whose candidates crash, loop, eat memory and diverge, whose disk is
# full or whose database is damaged or locked; `make test` kills four times.
fault-drill: setup
	IRLAS_DRILL_KILLS=$${IRLAS_DRILL_KILLS:-20} $(SWIFT) test $(FLAGS) --filter 'StudyTests|StoreTests|WorkerTests'

install: build
	install -d "$(DESTDIR)$(PREFIX)/bin" "$(DESTDIR)$(PREFIX)/share/irlas"
	install -m 755 "$(IRLAS)" "$(DESTDIR)$(PREFIX)/bin/irlas"
	cp -R samples "$(DESTDIR)$(PREFIX)/share/irlas/"

clean:
	rm -rf .build "$(DEMO)"
