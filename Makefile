# make demo: set up, run the main job on a real city, show the scorecard.   make test: all checks, browser included.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
DEMO := results/porto_alegre/demo
RESULT_OF_VERIFY := docs/verification.md
# seconds to wait for another apt that holds the lock
LOCK := 600
PEER := build/peers/aequilibrae
RESULT_OF_BENCH := docs/benchmarks.md
RESULT_OF_LABELS := docs/benchmarks_labels.md

.PHONY: help demo test verify bench-assignment bench-labels bench-data install install-dev browser lint clean

help:
	@echo "make demo     set up and stress-test Porto Alegre (about 10 minutes), then say how to look at it"
	@echo "make test     set up and run every check"
	@echo "make verify   long checks; writes $(RESULT_OF_VERIFY)"
	@echo "make bench-assignment DATA=folder   our traffic assignment beside AequilibraE's; writes $(RESULT_OF_BENCH)"
	@echo "make bench-labels DATA=folder       shortest paths by labels, trees and scipy; writes $(RESULT_OF_LABELS)"
	@echo "make clean    remove the environment and results"

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

install: $(VENV)/installed
install-dev: $(VENV)/installed-dev

demo: install
	@echo "Compiling what is compiled once, a minute or two; later commands find it."
	$(BIN)/resilience info --compile
	$(BIN)/resilience run porto_alegre --scenario lake-6m --scenario lake-8m --scenario lake-10m \
		--option all --replicates 3 --workers 2 --out $(DEMO)
	$(BIN)/resilience compare $(DEMO)
	@echo
	@echo "The scorecard again:   $(BIN)/resilience score $(DEMO)"
	@echo "In the browser:        $(BIN)/resilience dashboard $(DEMO)     then open http://127.0.0.1:8050"

# The browser tests need Chromium and a Chinese font; where apt may be used they are installed, elsewhere skipped.
browser:
	@if command -v chromium >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q .; then :; \
	elif [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		for try in 1 2 3 4 5 6; do apt-get -o DPkg::Lock::Timeout=$(LOCK) update -qq && break; sleep 20; done; \
		DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=$(LOCK) install -y -qq \
			chromium fonts-noto-cjk fontconfig >/dev/null; \
	else echo "Chromium or a Chinese font is missing and apt-get may not be used here: browser tests will be skipped."; fi

lint: install-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: install-dev browser lint
	$(BIN)/python -m pytest

verify: install-dev
	VERIFY_REPORT=$(RESULT_OF_VERIFY) $(BIN)/python -m pytest -m verify tests/long

bench-data:
	@test -n "$(DATA)" && test -d "$(DATA)/SiouxFalls" || { echo "Say where the TNTP networks are:" \
		"make bench-assignment DATA=<folder that holds SiouxFalls, Anaheim and Chicago-Sketch>"; exit 2; }

$(PEER)/installed: benchmarks/peers/aequilibrae.txt
	$(PYTHON) -m venv $(PEER)
	$(PEER)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Options for the command: make bench-assignment DATA=... BENCH="--quick"
bench-assignment: bench-data install-dev $(PEER)/installed
	$(BIN)/python -m benchmarks.bench_assignment --data "$(DATA)" --out $(RESULT_OF_BENCH) $(BENCH)

bench-labels: bench-data install-dev
	$(BIN)/python -m benchmarks.bench_labels --data "$(DATA)" --out $(RESULT_OF_LABELS)

clean:
	rm -rf $(VENV) results build dist *.egg-info
