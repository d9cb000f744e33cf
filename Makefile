# `make` runs the pipeline, `make test` the checks; both set everything up first.
# `make PYTHON=python3.12` asks for a Python; without, the newest that fits is taken, whatever a
# variable PYTHON in the environment is for.
PYTHON :=
VENV := .venv
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# Lines without a shell would be looked up in the PATH from before (GNU Make 3.81, of macOS).
SHELL := sh

# A person's settings for other projects stay out; how packages are reached, and caches, stay.
KEPT := $(addprefix PIP_,INDEX_URL EXTRA_INDEX_URL NO_INDEX FIND_LINKS CERT CLIENT_CERT TRUSTED_HOST \
	PROXY TIMEOUT DEFAULT_TIMEOUT RETRIES CACHE_DIR NO_CACHE_DIR CONFIG_FILE KEYRING_PROVIDER) \
	PYTHONDONTWRITEBYTECODE PYTHONPYCACHEPREFIX
unexport $(filter-out $(KEPT),$(filter PIP_% PYTHON%,$(.VARIABLES))) CDPATH VIRTUAL_ENV CONDA_PREFIX \
	$(addprefix GIT_,DIR WORK_TREE INDEX_FILE COMMON_DIR OBJECT_DIRECTORY) $(addprefix UV_,PYTHON SYSTEM_PYTHON CONSTRAINT OVERRIDE)

STUDIES := $(patsubst studies/%/study.yaml,%,$(wildcard studies/*/study.yaml))
RECIPES := quick unseen paper dream other
RELEASED := $(addprefix carracing/released/,v.npz m.npz c.npz)
RELEASED_OPTIONS := --params carracing/params.yaml --reports carracing/released/reports
PAGE := carracing/released/reports/play.html
DOOM_PAGE := doom/released/reports/play.html
SCHEDULER := tcp://127.0.0.1:8786

.PHONY: all core dev dask install-carracing install-doom locks repro $(RECIPES) temperature carracing \
	carracing-ablations carracing-seeds carracing-page doom doom-page doom-seeds doom-finetuned doom-temperatures doom-ablations demo article docs cluster test chaos lint bench ablations seeds sb3 clean
.PHONY: $(STUDIES:%=study-%)

# One .venv: nothing is installed into it side by side.
.NOTPARALLEL:

all: repro

SETUP := @PYTHON="$(PYTHON)" sh tools/setup.sh
core:
	@sh tools/checkout.sh
	$(SETUP) requirements.txt
dev: core
	$(SETUP) requirements-dev.txt
dask: core
	$(SETUP) requirements-dask.txt
install-carracing: core
	$(SETUP) requirements-carracing.txt
install-doom: core
	$(SETUP) requirements-doom.txt

# A dvc.lock that DVC has left torn is restored from git.
locks: core
	@python -m tools.restore_locks

repro: locks
	@start=$$(date +%s); dvc repro && echo && python -m tools.summary . $$start

$(RECIPES): locks
	@start=$$(date +%s); (cd recipes/$@ && dvc repro $(compare)) && echo && \
	python -m tools.summary recipes/$@ $$start

dream: compare = && dvc repro compare/dvc.yaml
other: install-carracing

temperature: locks
	cd studies/temperature && dvc repro
	@echo
	@cat studies/temperature/reports/curves/temperature_study.csv
	@echo "Figures: studies/temperature/reports/figures"

# A study of docs/studies.md, and its page and figure from what it finds.
$(STUDIES:%=study-%): study-%: locks
	cd studies/$* && dvc repro
	@python -m tools.study_pages
	@python -m tools.docs_figures

carracing: locks install-carracing
	cd carracing && dvc repro visualize_carracing
	@echo
	@cd carracing && dvc metrics diff --all --precision 4
	@echo "Figures: carracing/reports/figures/*.png; animation: carracing/reports/drive.gif"

carracing-ablations: locks install-carracing
	cd carracing && dvc repro
	@echo
	@python -m benchmarks.paired_comparison carracing/data/evaluation.h5 \
	$(patsubst %,carracing/ablations/%/data/evaluation.h5,z untrained no_dreams no_finetuning)

# The same with two other training seeds, each in a clone of what is committed.
carracing-seeds: locks install-carracing
	python -m tools.training_seed carracing 0
	python -m tools.training_seed carracing 2

# The C of Doom that has learned in dreams alone; that one, fine-tuned in the game; and others, from
# dreams of six temperatures.
doom: locks install-doom
	cd doom && dvc repro visualize_doom play
	@echo
	@cd doom && dvc metrics show rounds/*/reports/metrics/train_c.json reports/metrics/evaluate.json
	@echo "Controls: doom/reports/metrics/evaluate_controls.json"
	@echo "Figures: doom/reports/figures/*.png; animation: doom/reports/dream.gif"
	@echo "The last round's dream, to dodge fireballs in: doom/reports/play.html"

# The same with another training seed, in a clone of what is committed.
doom-seeds: locks install-doom
	python -m tools.training_seed doom 2
	python -m tools.training_seed doom 3

doom-finetuned: locks install-doom
	cd doom && dvc repro evaluate_finetuned
	@echo
	@cd doom && dvc metrics show finetuned/reports/metrics/*.json

doom-temperatures: locks install-doom
	cd doom && dvc repro visualize_dreams
	@echo
	@cat doom/reports/curves/temperature_study.csv
	@echo "Figures: doom/reports/figures/temperature.png, doom/reports/figures/dreams.png"

# Cs of Doom on z alone, on z and h, and on z and an untrained h, three seeds each.
doom-ablations: locks install-doom
	cd doom && dvc repro ablations
	@python -m tools.study_pages
	@python -m tools.docs_figures

# The released agent: five episodes, or the page of its dream.
demo: install-carracing
	python -m stages.evaluate $(RELEASED) carracing/released/evaluation.h5 $(RELEASED_OPTIONS) \
	--set evaluate.episodes=5
	python -m stages.visualize_carracing $(RELEASED) carracing/released/evaluation.h5 \
	$(RELEASED_OPTIONS)
	@echo "An episode: carracing/released/reports/drive.gif"

carracing-page: core
	python -m stages.play $(RELEASED) $(PAGE) \
	--dream-starts carracing/released/dream_starts.npz $(RELEASED_OPTIONS)
	@echo "The dream of CarRacing, to drive in: $(PAGE)"

doom-page: core
	python -m stages.play $(addprefix doom/released/,v.npz m.npz c.npz) $(DOOM_PAGE) \
	--dream-starts doom/released/dream_starts.npz --params doom/params.yaml --reports doom/released/reports
	@echo "The dream of Doom, to dodge fireballs in: $(DOOM_PAGE)"

# A page of six experiments with the released agents.
article: core
	@python -m tools.article

# The site of README.md and docs/; a link that leads nowhere fails.
docs: core
	$(SETUP) requirements-docs.txt
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build --strict
	@echo "The site: site/index.html"

# A scheduler and two workers on this machine; they end with the run.
cluster: locks dask
	@set -e; trap 'for each in $$workers $$scheduler; do kill $$each; wait $$each || true; done' EXIT; \
	export PYTHONPATH=. OMP_NUM_THREADS=1; \
	dask scheduler --host 127.0.0.1 --port 8786 --no-dashboard 2>/dev/null & scheduler=$$!; \
	dask worker $(SCHEDULER) --host 127.0.0.1 --nworkers 2 --nthreads 1 --no-dashboard 2>/dev/null & workers=$$!; \
	WORLDMODELS_COMPUTE="executor=dask scheduler=$(SCHEDULER)" $(MAKE) --no-print-directory paper

# Three workers keep two cores busy: some tests wait for a browser, or for a timeout. Files begin in
# the order of tests/conftest.py; pytest-xdist's own has the long ones of one test at the end.
# Bytecode is kept, whatever is set: without it each worker compiles all tests anew.
test: locks dev lint
	PYTHONDONTWRITEBYTECODE= python -m pytest -n 3 --dist loadscope --no-loadscope-reorder

chaos: locks dev
	python -m pytest -n 2 -m slow

lint: dev
	ruff check .
	ruff format --check .
	mypy

bench: dev install-carracing
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
	@echo
	python -m benchmarks.simulators
	@echo
	python -m benchmarks.gymnasium_speed
	@echo
	python -m benchmarks.carracing_growth

ablations: core
	python -m benchmarks.ablations
	@echo
	python -m benchmarks.ladder

seeds: core
	python -m benchmarks.seeds

# Stable-Baselines3's PPO on the road and in the dream; PyTorch is installed for it alone.
sb3: core
	$(SETUP) requirements-sb3.txt
	python -m benchmarks.sb3_ppo

clean:
	rm -rf $(VENV)
