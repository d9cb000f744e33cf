# `make` runs the pipeline, `make test` the checks; both set everything up first.
PYTHON ?= python3.11
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
CORE := $(VENV)/.core
DEV := $(VENV)/.dev
CARRACING := $(VENV)/.carracing
DASK := $(VENV)/.dask

RECIPES := quick unseen paper dream
RELEASED := $(addprefix carracing/released/,v.npz m.npz c.npz)
RELEASED_OPTIONS := --params carracing/params.yaml --reports carracing/released/reports
PAGE := carracing/released/reports/play.html
SCHEDULER := tcp://127.0.0.1:8786

.PHONY: all repro locks $(RECIPES) temperature carracing carracing-ablations carracing-page demo \
	install-carracing cluster test chaos lint bench ablations seeds clean

all: repro

# A dvc.lock that DVC has left torn is restored from git.
locks: $(CORE)
	@python -m tools.restore_locks

repro: locks
	@start=$$(date +%s); dvc repro && echo && python -m tools.summary . $$start

$(RECIPES): locks
	@start=$$(date +%s); (cd recipes/$@ && dvc repro $(compare)) && echo && \
	python -m tools.summary recipes/$@ $$start

dream: compare = && dvc repro compare/dvc.yaml

temperature: locks
	cd studies/temperature && dvc repro
	@echo
	@cat studies/temperature/reports/curves/temperature_study.csv
	@echo "Figures: studies/temperature/reports/figures"

carracing: locks $(CARRACING)
	cd carracing && dvc repro visualize_carracing
	@echo
	@cd carracing && dvc metrics diff --all --precision 4
	@echo "Figures: carracing/reports/figures/*.png; animation: carracing/reports/drive.gif"

carracing-ablations: locks $(CARRACING)
	cd carracing && dvc repro
	@echo
	@python -m benchmarks.paired_comparison $(addprefix carracing/,data/evaluation.h5 \
	ablations/z/data/evaluation.h5 ablations/untrained/data/evaluation.h5)

install-carracing: $(CARRACING)

# The released agent: five episodes, or the page of its dream.
demo: $(CARRACING)
	python -m stages.evaluate $(RELEASED) carracing/released/evaluation.h5 $(RELEASED_OPTIONS) \
	--set evaluate.episodes=5
	python -m stages.visualize_carracing $(RELEASED) carracing/released/evaluation.h5 \
	$(RELEASED_OPTIONS)
	@echo "An episode: carracing/released/reports/drive.gif"

carracing-page: $(CORE)
	python -m stages.play $(RELEASED) $(PAGE) \
	--dream-starts carracing/released/dream_starts.npz $(RELEASED_OPTIONS)
	@echo "The dream of CarRacing, to drive in: $(PAGE)"

# A scheduler and two workers on this machine; they end with the run.
cluster: locks $(DASK)
	@set -e; trap 'for each in $$workers $$scheduler; do kill $$each; wait $$each || true; done' EXIT; \
	export PYTHONPATH=. OMP_NUM_THREADS=1; \
	dask scheduler --host 127.0.0.1 --port 8786 --no-dashboard 2>/dev/null & scheduler=$$!; \
	dask worker $(SCHEDULER) --host 127.0.0.1 --nworkers 2 --nthreads 1 --no-dashboard 2>/dev/null & workers=$$!; \
	WORLDMODELS_COMPUTE="executor=dask scheduler=$(SCHEDULER)" $(MAKE) --no-print-directory paper

test: locks $(DEV) lint
	python -m pytest -n 2 --dist loadscope

chaos: locks $(DEV)
	python -m pytest -n 2 -m slow

lint: $(DEV)
	ruff check .
	ruff format --check .
	mypy

bench: $(DEV)
	python -m benchmarks.stub_baseline
	@echo
	python -m benchmarks.speed
	@echo
	python -m benchmarks.convolution
	@echo
	python -m benchmarks.strategies
	@echo
	python -m benchmarks.scaling
	@echo
	python -m benchmarks.dreams
	@echo
	python -m benchmarks.verbs

ablations: $(CORE)
	python -m benchmarks.ablations
	@echo
	python -m benchmarks.ladder

seeds: $(CORE)
	python -m benchmarks.seeds

clean:
	rm -rf $(VENV)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(CORE): requirements.txt constraints.txt | $(VENV)/bin/python
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements.txt
	touch $@

$(DEV): requirements-dev.txt $(CORE)
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dev.txt
	touch $@

$(DASK): requirements-dask.txt $(CORE)
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-dask.txt
	touch $@

$(CARRACING): requirements-carracing.txt $(CORE)
	python -m pip install --quiet --disable-pip-version-check -c constraints.txt -r requirements-carracing.txt
	touch $@
