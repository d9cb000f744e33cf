# `make` runs the pipeline, `make test` the checks; both set everything up first.
PYTHON ?= python3.11
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
CORE := $(VENV)/.core
DEV := $(VENV)/.dev
CARRACING := $(VENV)/.carracing
DASK := $(VENV)/.dask

RECIPES := unseen paper dream
SHOWN_dream := recipes/dvc.yaml:compare@dream
RELEASED := $(addprefix carracing/released/,v.npz m.npz c.npz drives.h5)
PAGE := carracing/released/reports/play.html
SCHEDULER := tcp://127.0.0.1:8786
RELEASED_OPTIONS := --params carracing/params.yaml --reports carracing/released/reports

.PHONY: all repro $(RECIPES) temperature carracing carracing-h carracing-extra drive dream-page cluster test chaos lint bench studies seeds clean

all: repro

repro: $(CORE)
	dvc repro
	@echo
	@dvc metrics diff --all --precision 4 --targets reports/metrics -R
	@echo "HEAD: as committed; workspace: as just computed."
	@echo "Pictures: reports/figures/*.png and reports/drive.gif; curves: dvc plots show --open"
	@echo "To play in: reports/play.html"

$(RECIPES): $(CORE)
	dvc repro recipes/dvc.yaml:visualize@$@ $(SHOWN_$@)
	@echo
	@dvc metrics diff --all --precision 4 --targets recipes/$@/reports/metrics -R
	@echo "HEAD: as committed; workspace: as just computed."
	@echo "Pictures: recipes/$@/reports/figures/*.png and recipes/$@/reports/drive.gif"

temperature: $(CORE)
	dvc repro recipes/dream/dvc.yaml
	@echo
	@cat recipes/dream/reports/curves/temperature.csv
	@echo "Pictures: recipes/dream/reports/figures/temperature.png; how C cheats: recipes/dream/cheating/reports"

carracing: $(CARRACING)
	dvc repro carracing/dvc.yaml:race
	@echo
	@dvc metrics diff --all --precision 4 --targets carracing/reports/metrics -R
	@echo "HEAD: as committed; workspace: as just computed."
	@echo "Pictures: carracing/reports/figures/*.png and carracing/reports/drive.gif"

carracing-h: $(CARRACING)
	dvc repro carracing/dvc.yaml
	@echo
	@python -m benchmarks.paired carracing/data/drives.h5 carracing/ablations/z/data/drives.h5 carracing/ablations/untrained/data/drives.h5

carracing-extra: $(CARRACING)

drive: $(CARRACING)
	python -m stages.evaluate $(RELEASED) $(RELEASED_OPTIONS) --set evaluate.episodes=5
	python -m stages.race $(RELEASED) $(RELEASED_OPTIONS)
	@echo "Its drive: carracing/released/reports/drive.gif"

dream-page: $(CORE)
	python -m stages.play $(wordlist 1,3,$(RELEASED)) $(PAGE) --starts carracing/released/starts.npz $(RELEASED_OPTIONS)
	@echo "The dream of CarRacing, to steer in: $(PAGE)"

# A scheduler and two workers on this machine; they end with the run.
cluster: $(DASK)
	@set -e; trap 'for each in $$workers $$scheduler; do kill $$each; wait $$each || true; done' EXIT; \
	export PYTHONPATH=. OMP_NUM_THREADS=1; \
	dask scheduler --host 127.0.0.1 --port 8786 --no-dashboard 2>/dev/null & scheduler=$$!; \
	dask worker $(SCHEDULER) --host 127.0.0.1 --nworkers 2 --nthreads 1 --no-dashboard 2>/dev/null & workers=$$!; \
	COMPUTE="executor=dask scheduler=$(SCHEDULER)" $(MAKE) --no-print-directory paper

test: $(DEV) lint
	python -m pytest -n 2

chaos: $(DEV)
	python -m pytest -n 2 -m slow

lint: $(DEV)
	ruff check .
	ruff format --check .
	mypy

bench: $(DEV)
	python -m benchmarks.note
	@echo
	python -m benchmarks.speed
	@echo
	python -m benchmarks.convolution
	@echo
	python -m benchmarks.strategies
	@echo
	python -m benchmarks.growth
	@echo
	python -m benchmarks.dreams

studies: $(CORE)
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
