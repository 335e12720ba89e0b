# make lab    install into .venv and open the course        make test    install and check everything
#
# TORCH=cpu   on Linux: PyTorch's CPU wheel (0.2 GB) instead of the one with CUDA (several GB)
# ARGS=...    passed on to JupyterLab (lab) or to pytest (test), for instance ARGS=--no-browser
# PYTHON=...  the Python (3.11 or newer) that .venv is made from

PYTHON ?= python3
TORCH ?=
ARGS ?=
VENV ?= .venv
BIN ?= $(VENV)/bin
READY := $(VENV)/ready
INDEX := $(if $(filter cpu,$(TORCH)),--extra-index-url https://download.pytorch.org/whl/cpu)
COMPILED := ^(energyflow|wasserstein)==
PIP := $(BIN)/python -m pip --disable-pip-version-check

.PHONY: lab test install energyflow lock notebooks benchmarks clean

lab: install
	@$(BIN)/hepml lab $(ARGS)

# Two tests run at a time, so one thread each: more would be many times slower.
test: export OMP_NUM_THREADS ?= 1
# The networks of weaver-core, which ours are compared with, need nothing of all that it asks for.
test: install
	@$(PIP) install --quiet --no-deps weaver-core==0.5.3 || echo 'weaver-core is left out.'
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pytest -n 2 --dist loadgroup $(ARGS)

install: $(READY)

# An interrupted set-up leaves no $(READY), so that the next call goes on with what is missing.
$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "The course needs Python 3.11 or newer, this is " + sys.version.split()[0] + ": make PYTHON=python3.11 ...")'
	@echo "Installing the course into $(VENV): some minutes, 2.1 GB (more with CUDA)."
	$(PYTHON) -m venv $(VENV)
	grep -vE '$(COMPILED)' requirements.lock > $(VENV)/requirements.lock
	$(PIP) install --quiet --upgrade pip setuptools
	$(PIP) install $(INDEX) -r $(VENV)/requirements.lock
	$(PIP) install --quiet --no-deps -e .
	@$(MAKE) --no-print-directory energyflow
	@touch $@

# energyflow needs wasserstein, whose wheels do not go with numpy 2: it is compiled here.
energyflow:
	@$(PIP) install --quiet --no-cache-dir --no-build-isolation --no-deps --no-binary wasserstein \
		$$(grep -oE '$(COMPILED)[^ ;]+' requirements.lock) \
	&& $(BIN)/python -c 'import energyflow' \
	|| echo 'energyflow is left out: it needs a C++ compiler. The rest works; later: make energyflow'

# The exact versions of everything. torch is pinned to the release the course is tested with, and its
# local version (+cpu) is cut, so that the same lock serves GPUs.
lock: export CUSTOM_COMPILE_COMMAND = make lock
lock:
	$(PIP) install --quiet pip-tools
	$(BIN)/pip-compile --all-extras --strip-extras --allow-unsafe --quiet --upgrade \
		--upgrade-package torch==2.13.0 --no-emit-index-url --no-emit-find-links \
		--no-emit-trusted-host --output-file requirements.lock pyproject.toml
	sed -i 's/^\(torch==[^+]*\)+.*/\1/' requirements.lock

notebooks: install
	$(BIN)/hepml course build

benchmarks: install
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) output build dist *.egg-info
