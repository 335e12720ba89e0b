"""course.py: which PyTorch comes from where, and what a set-up does when it is called again."""

import ast
import contextlib
import http.server
import os
import runpy
import socket
import subprocess
import sys
import threading
import time
import zipfile
from functools import partial
from pathlib import Path

import pytest

import course

PINNED = course.locked_version("torch")


@pytest.fixture
def home(tmp_path):
    return course.virtual_environment(tmp_path / "venv")


@pytest.fixture
def pip(monkeypatch):
    """Record the calls of pip; those that hold a word of `fails` end with an error."""
    calls, fails = [], []

    def run_pip(home, *arguments, check=True):
        calls.append(list(arguments))
        failed = any(word in arguments for word in fails)
        if failed and check:
            raise subprocess.CalledProcessError(1, ["pip", *arguments])
        return int(failed)

    monkeypatch.setattr(course, "run_pip", run_pip)
    run_pip.calls, run_pip.fails = calls, fails
    return run_pip


@pytest.fixture
def linux(monkeypatch):
    """Linux with an index that answers and no torch yet; the values can be changed."""
    state = {"answers": True, "torch": ""}
    monkeypatch.setattr("platform.system", lambda: "Linux")
    monkeypatch.setattr(course, "answers", lambda index: state["answers"])
    monkeypatch.setattr(course, "installed_version", lambda home, name: state[name])
    return state


@pytest.mark.parametrize(
    ("wanted", "system", "has_driver", "build"),
    [
        ("", "Linux", False, "cpu"),
        ("", "Linux", True, "cuda"),
        ("cpu", "Linux", True, "cpu"),
        ("cuda", "Linux", False, "cuda"),
        ("", "Darwin", False, "cpu"),
        ("", "Windows", True, "cpu"),
    ],
)
def test_build_is_chosen_by_what_is_there_unless_said(wanted, system, has_driver, build):
    assert course.choose_build(wanted, system, has_driver) == build


@pytest.mark.parametrize(("wanted", "system"), [("rocm", "Linux"), ("cuda", "Darwin")])
def test_another_build_is_refused_and_the_allowed_are_named(wanted, system):
    with pytest.raises(ValueError, match=rf"TORCH={wanted}: allowed on {system} is cpu"):
        course.choose_build(wanted, system, has_driver=False)


@pytest.mark.parametrize(
    ("version", "build", "fits"),
    [
        (f"{PINNED}+cpu", "cpu", True),
        (f"{PINNED}+cpu", "cuda", False),
        (f"{PINNED}+cu130", "cuda", True),
        (f"{PINNED}+cu130", "cpu", False),
        (PINNED, "cpu", True),
        (PINNED, "cuda", True),
        ("1.0.0+cpu", "cpu", False),
        ("", "cpu", False),
    ],
)
def test_installed_torch_is_judged(version, build, fits):
    assert course.fits(version, PINNED, build) == fits


def test_own_index_gives_torch_alone(home, pip, linux):
    course.install_torch(home, "cpu", again=False)
    (call,) = pip.calls
    assert call[call.index("--index-url") + 1] == course.CPU_INDEX
    assert "--no-deps" in call
    assert call[-1] == f"torch=={PINNED}"
    assert call[call.index("--retries") + 1] == "1"


@pytest.mark.parametrize(("replies", "says"), [(False, "does not answer"), (True, "has no torch")])
def test_ordinary_index_is_the_way_out(home, pip, linux, capsys, replies, says):
    linux["answers"] = replies
    pip.fails.append("--index-url")
    course.install_torch(home, "cpu", again=False)
    assert "--index-url" not in pip.calls[-1]
    assert str(course.LOCK) in pip.calls[-1]
    said = capsys.readouterr().out
    assert says in said
    assert said.count("\n") == 1


def test_cuda_needs_no_index_of_its_own(home, pip, linux):
    course.install_torch(home, "cuda", again=False)
    (call,) = pip.calls
    assert "--index-url" not in call


def test_torch_that_is_there_is_left_alone(home, pip, linux):
    linux["torch"] = f"{PINNED}+cpu"
    course.install_torch(home, "cpu", again=False)
    assert pip.calls == []
    course.install_torch(home, "cpu", again=True)
    assert "--force-reinstall" in pip.calls[-1]


@pytest.mark.parametrize(
    ("there", "build", "is_forced"),
    [
        (f"{PINNED}+cpu", "cuda", True),  # pip takes the one for the other
        (f"{PINNED}+cu130", "cpu", True),
        ("1.0.0+cpu", "cpu", False),
        ("", "cpu", False),
    ],
)
def test_wrong_build_of_the_right_release_is_replaced(home, pip, linux, there, build, is_forced):
    linux["torch"] = there
    course.install_torch(home, build, again=False)
    assert ("--force-reinstall" in pip.calls[-1]) == is_forced


def test_no_index_that_mixes_with_others():
    every = (course.ROOT.rglob(f"*.{ending}") for ending in ("yml", "toml", "lock"))
    written = ["Makefile", "course.py", "binder/postBuild", ".ci/run"]
    paths = [path for found in every for path in found if ".venv" not in path.parts]
    for path in [*paths, *(course.ROOT / name for name in written)]:
        assert "--extra-index-url" not in path.read_text(encoding="utf-8"), path


def test_wheel_comes_from_an_index_that_answers(tmp_path, monkeypatch):
    """A real pip, and an index with one small wheel that calls itself torch."""
    folder = tmp_path / "index" / "torch"
    folder.mkdir(parents=True)
    wheel = write_wheel(folder, f"{PINNED}+cpu")
    page = f'<a href="{wheel.name.replace("+", "%2B")}">{wheel.name}</a>'
    (folder / "index.html").write_text(page)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)  # nothing of this machine's own wheels
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_INDEX_URL", "PIP_CONSTRAINT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("platform.system", lambda: "Linux")
    home = course.virtual_environment(tmp_path / "venv")
    course.make_environment(home)
    files = partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path / "index")
    with serve(files) as address:
        monkeypatch.setattr(course, "CPU_INDEX", address)
        course.install_torch(home, "cpu", again=False)
    assert course.installed_version(home, "torch") == f"{PINNED}+cpu"


def test_index_that_is_silent_is_given_up_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"http://127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        assert not course.answers(address, seconds=0.3)
        assert time.monotonic() - start < 2
    assert not course.answers(address, seconds=2)  # nobody listens any more


def test_set_up_goes_on_and_is_not_done_twice(home, pip, linux, monkeypatch):
    home.prefix.mkdir()
    steps = []
    monkeypatch.setattr(course, "has_nvidia_driver", lambda: False)
    monkeypatch.setattr(course, "make_environment", lambda home: steps.append("environment"))
    monkeypatch.setattr(course, "install_energyflow", lambda home: steps.append("energyflow"))
    pip.fails.append("--requirement")
    with pytest.raises(subprocess.CalledProcessError):
        course.install(home, "")
    assert steps == ["environment"]

    pip.fails.clear()
    linux["torch"] = f"{PINNED}+cpu"
    pip.calls.clear()
    course.install(home, "")
    assert steps[-1] == "energyflow"
    assert not any(f"torch=={PINNED}" in call for call in pip.calls)

    pip.calls.clear()
    course.install(home, "")
    course.install(home, "cpu")
    assert pip.calls == []

    course.install(home, "cuda")  # another build than the one that is there
    assert any("--force-reinstall" in call for call in pip.calls)


def test_interrupted_change_of_build_is_not_forgotten(home, pip, linux, monkeypatch):
    """The ordinary index names its wheel 2.13.0, so that only the note tells CUDA from CPU."""
    home.prefix.mkdir()
    linux["torch"] = PINNED
    monkeypatch.setattr(course, "make_environment", lambda home: None)
    monkeypatch.setattr(course, "install_energyflow", lambda home: None)
    course.install(home, "cuda")
    pip.fails.append("--force-reinstall")
    linux["answers"] = False
    with pytest.raises(subprocess.CalledProcessError):
        course.install(home, "cpu")
    pip.fails.clear()
    pip.calls.clear()
    course.install(home, "cpu")
    assert any("--force-reinstall" in call for call in pip.calls)
    pip.calls.clear()
    course.install(home, "cpu")
    assert pip.calls == []


def test_environment_of_another_python_is_refused(home):
    home.prefix.mkdir()
    (home.prefix / "pyvenv.cfg").write_text("version = 3.1.4\n")
    with pytest.raises(ValueError, match=r"made by Python 3\.1, this is 3\.\d+: remove"):
        course.make_environment(home)


def test_lock_without_what_must_be_compiled():
    lock = "awkward==2\nenergyflow==1.4.0\n    # via x\nwasserstein==1.0.1\n"
    assert course.without_compiled(lock) == "awkward==2\n    # via x\n"


def test_arguments_go_to_the_program(monkeypatch):
    called = []
    monkeypatch.setattr(course, "act", lambda *arguments: called.append(arguments) or 0)
    assert course.main(["--torch", "cpu", "test", "-x", "--venv", "-k", "jets"]) == 0
    action, _, wanted, arguments = called[0]
    assert (action, wanted, arguments) == ("test", "cpu", ["-x", "--venv", "-k", "jets"])


def test_mistake_is_one_line(capsys):
    assert course.main(["--torch", "rocm", "install"]) == 2
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("version", [(3, 6, 8), (3, 10, 12)])
def test_old_python_is_told_in_one_line(version, monkeypatch):
    ast.parse(Path(course.__file__).read_text(), feature_version=version[:2])
    monkeypatch.setattr(sys, "version_info", version)
    with pytest.raises(SystemExit, match=r"needs Python 3\.11 or newer, this is 3\.\d+\.\d+:"):
        runpy.run_path(course.__file__)


def test_colab_keeps_its_notebook_and_its_torch():
    needed = course.needed_on_colab(
        ["torch>=2.6,<3", "jupyter-bokeh>=4", "h5py>=3", "ipykernel>=6"]
    )
    assert needed == ["h5py>=3"]


@contextlib.contextmanager
def serve(handler):
    """Serve on this machine while the block runs; yield the address."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def write_wheel(folder, version):
    """Write the smallest wheel that pip takes."""
    wheel = folder / f"torch-{version}-py3-none-any.whl"
    about = f"torch-{version}.dist-info"
    files = {
        "torch.py": "",
        f"{about}/METADATA": f"Metadata-Version: 2.1\nName: torch\nVersion: {version}\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{about}/RECORD"] = "".join(f"{name},,\n" for name in [*files, f"{about}/RECORD"])
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel
