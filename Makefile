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

# The exact versions of everything, for every platform and Python, with markers where they differ.
# torch is pinned to the release the course is tested with; what only its CUDA build needs is left
# out and comes with that build. Versions in the lock stay; `make lock ARGS=--upgrade` takes new ones.
CUDA := $(addprefix nvidia-,cublas cuda-cupti cuda-nvrtc cuda-runtime cudnn-cu13 cufft cufile curand \
	cusolver cusparse cusparselt-cu13 nccl-cu13 nvjitlink nvshmem-cu13 nvtx) \
	cuda-bindings cuda-pathfinder cuda-toolkit triton
lock:
	$(BIN)/python -m pip --disable-pip-version-check install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-emit-index-url \
		--custom-compile-command "make lock" --upgrade-package torch==2.13.0 \
		$(addprefix --no-emit-package ,$(CUDA)) $(ARGS) --output-file requirements.lock pyproject.toml
	sed -i 's/^\(torch==[^+ ]*\)+[^ ]*/\1/' requirements.lock

notebooks: install
	$(BIN)/hepml course build

benchmarks: install
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) output build dist *.egg-info
