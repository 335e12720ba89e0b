# make lab    install into .venv and open the course        make test    install and check everything
# make demo   the same without a screen: run the first notebook and write a page
#
# Without make, on any system: python course.py lab|demo|test|install
#
# TORCH=cpu   PyTorch without CUDA; TORCH=cuda with it; default: by what is on this machine
# ARGS=...    passed on to JupyterLab (lab), to hepml demo or to pytest (test): ARGS=--no-browser
# PYTHON=...  the Python (3.11 or newer) that .venv is made from
# VENV=...    another folder than .venv

PYTHON ?= python3
TORCH ?=
ARGS ?=
VENV ?= .venv
BIN := $(VENV)/bin
export TORCH

.PHONY: lab demo test install energyflow lock notebooks benchmarks clean

lab demo test install energyflow:
	@$(PYTHON) course.py --venv $(VENV) $@ $(ARGS)

# The exact versions of everything. torch is pinned to the release the course is tested with, and its
# local version (+cpu) is cut, so that the same lock serves GPUs.
lock: export CUSTOM_COMPILE_COMMAND = make lock
lock:
	$(BIN)/python -m pip --disable-pip-version-check install --quiet pip-tools
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
