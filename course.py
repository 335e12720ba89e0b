#!/usr/bin/env python3
"""Set up the course and open it, on every system and without make: ``python course.py lab``.

This script uses only the standard library: nothing else is there before the first install.
"""

import sys

if sys.version_info < (3, 11):  # before any code that an older Python does not understand
    found = ".".join(str(number) for number in sys.version_info[:3])
    sys.exit(
        f"The course needs Python 3.11 or newer, this is {found}: "
        "python3.11 course.py lab, or make lab PYTHON=python3.11"
    )

import argparse
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sysconfig
import threading
import tomllib
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent
LOCK = ROOT / "requirements.lock"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"  # of PyTorch itself: wheels without CUDA
SECONDS_TO_ANSWER = 5.0
# After one more try, or 15 seconds without a byte, pip gives up and the ordinary index is asked.
IMPATIENT = ["--retries", "1", "--timeout", "15"]
UNFINISHED = "unfinished"
COMPILED = ("energyflow", "wasserstein")  # their wheels do not work with numpy 2
# Colab needs its own versions of these packages; its torch fits the driver of its GPU.
KEPT_ON_COLAB = (
    "torch",
    "ipykernel",
    "ipywidgets",
    "jupyterlab",
    "jupyter-bokeh",
    "jupyter-server-proxy",
)


@dataclass
class Home:
    """The place where the course is installed."""

    prefix: Path
    python: Path
    scripts: Path  # the folder of hepml, ruff and pytest
    notes: Path  # the folder where this script remembers what it did
    is_own: bool  # a virtual environment that this script makes

    @property
    def mark(self) -> Path:
        """The file that records how far the set-up came, and with which PyTorch."""
        return self.notes / "ready"


def virtual_environment(folder: Path) -> Home:
    """Return the home in a virtual environment, which may not exist yet."""
    folder = folder.absolute()
    if os.name == "nt":
        scripts = folder / "Scripts"
        return Home(folder, scripts / "python.exe", scripts, notes=folder, is_own=True)
    scripts = folder / "bin"
    return Home(folder, scripts / "python", scripts, notes=folder, is_own=True)


def this_python() -> Home:
    """Return the home in the Python that runs this script (conda, Binder, a container)."""
    scripts = Path(sysconfig.get_path("scripts"))
    prefix = Path(sys.prefix)
    notes = prefix / "share" / "hepml_lite"
    return Home(prefix, Path(sys.executable), scripts, notes, is_own=False)


def choose_build(wanted: str, system: str, has_driver: bool) -> str:
    """Return "cpu" or "cuda": the one asked for, else the one that the machine can use.

    Raises:
        ValueError: for another word, and for "cuda" where the course cannot install it.
    """
    allowed = ("cpu", "cuda") if system == "Linux" else ("cpu",)
    if wanted and wanted not in allowed:
        raise ValueError(
            f"TORCH={wanted}: allowed on {system} is {' or '.join(allowed)}; "
            "without TORCH the course chooses by what is there."
        )
    if wanted:
        return wanted
    return "cuda" if system == "Linux" and has_driver else "cpu"


def has_nvidia_driver() -> bool:
    """Return whether the driver of an NVIDIA GPU runs on this machine."""
    if Path("/proc/driver/nvidia/version").exists() or Path("/dev/nvidia0").exists():
        return True
    program = shutil.which("nvidia-smi")  # Linux inside Windows has the program, no device file
    if program is None:
        return False
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return listed.returncode == 0 and "GPU" in listed.stdout


def answers(index: str, seconds: float = SECONDS_TO_ANSWER) -> bool:
    """Return whether a package index has a page for torch and gives it within `seconds`.

    A separate thread asks, because the look-up of a host name has no time limit.
    """
    given = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(f"{index}/torch/", timeout=seconds) as reply:
                given.append(reply.status == 200)
        except (OSError, ValueError):
            given.append(False)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    return given == [True]


def fits(version: str, pinned: str, build: str) -> bool:
    """Return whether an installed torch ("2.13.0+cpu", "" for none) is the wanted one."""
    release, _, local = version.partition("+")
    if release != pinned:
        return False
    # A wheel of the ordinary index has no local version, for any build.
    return local in ("", build) or (build == "cuda" and local.startswith("cu"))


def install_torch(home: Home, build: str, again: bool) -> None:
    """Install torch in a separate step; with `again` another build is replaced.

    On Linux without CUDA torch comes from PyTorch's own index. Nothing else comes from that index:
    the packages that torch needs are in the lock. Where that index does not answer, and for CUDA,
    macOS and Windows, torch comes from the ordinary index (or the one in pip's configuration).
    """
    pinned = locked_version("torch")
    installed = installed_version(home, "torch")
    if fits(installed, pinned, build) and not again:
        return
    # For pip, 2.13.0+cpu is the same as 2.13.0, so it would keep the wrong build.
    is_same_release = installed.partition("+")[0] == pinned
    replace = ["--force-reinstall"] if is_same_release else []
    if build == "cpu" and platform.system() == "Linux":
        if answers(CPU_INDEX):
            own = ["--index-url", CPU_INDEX, "--no-deps", *replace, *IMPATIENT]
            if run_pip(home, "install", *own, f"torch=={pinned}", check=False) == 0:
                return
            print(f"{CPU_INDEX} has no torch {pinned} for this machine: the ordinary index is used")
        else:
            print(
                f"{CPU_INDEX} does not answer: torch comes from the ordinary index, "
                "which may bring CUDA (several GB)"
            )
    run_pip(home, "install", *replace, "--constraint", str(LOCK), f"torch=={pinned}")


def install(home: Home, wanted: str) -> None:
    """Install everything that is missing. An interrupted set-up continues where it stopped."""
    build = choose_build(wanted, platform.system(), has_nvidia_driver())
    done, done_build = read_mark(home)
    is_other_build = bool(wanted and done_build and done_build != build)
    if done == fingerprint() and not is_other_build:
        return
    print(f"Installing the course into {home.prefix}: some minutes, 2.1 GB (more with CUDA).")
    print(f"PyTorch: {build} ({'as TORCH says' if wanted else 'by what is on this machine'})")
    if home.is_own:
        make_environment(home)
    home.notes.mkdir(parents=True, exist_ok=True)
    note(home, UNFINISHED, done_build)
    run_pip(home, "install", "--quiet", "--upgrade", "pip", "setuptools")
    install_torch(home, build, again=is_other_build)
    note(home, UNFINISHED, build)
    wheels = home.notes / "requirements.lock"
    wheels.write_text(without_compiled(LOCK.read_text(encoding="utf-8")), encoding="utf-8")
    run_pip(home, "install", "--requirement", str(wheels))
    run_pip(home, "install", "--quiet", "--no-deps", "--editable", str(ROOT))
    install_energyflow(home)
    found = installed_version(home, "torch")
    if build == "cuda" and found.endswith("+cpu"):
        print(f"pip's configuration on this machine gives torch {found}, which uses no GPU")
    note(home, fingerprint(), build)


def make_environment(home: Home) -> None:
    """Make the virtual environment, or complete one.

    Raises:
        ValueError: if another Python made the environment.
    """
    settings = home.prefix / "pyvenv.cfg"
    this = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = re.search(r"^version(?:_info)? *= *(\d+\.\d+)", read_text(settings), re.M)
    if found and found[1] != this:
        raise ValueError(
            f"{home.prefix} was made by Python {found[1]}, this is {this}: "
            "remove that folder, or name another one with --venv (make: VENV=...)."
        )
    subprocess.run([sys.executable, "-m", "venv", str(home.prefix)], check=True)


def install_energyflow(home: Home) -> None:
    """Compile wasserstein, which energyflow needs; continue without it if that fails."""
    probe = [str(home.python), "-c", "import energyflow, wasserstein"]
    if subprocess.run(probe, capture_output=True).returncode == 0:
        return
    pins = [f"{name}=={locked_version(name)}" for name in COMPILED]
    options = ["--quiet", "--no-cache-dir", "--no-build-isolation", "--no-deps"]
    code = run_pip(home, "install", *options, "--no-binary", "wasserstein", *pins, check=False)
    if code != 0 or subprocess.run(probe, capture_output=True).returncode != 0:
        print(
            "energyflow is left out: it needs a C++ compiler. "
            "The rest works; later: python course.py energyflow"
        )


def install_on_colab(home: Home) -> None:
    """Install the packages that a notebook needs and Google Colab does not have."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    numpy = installed_version(home, "numpy")
    run_pip(home, "install", "--quiet", *needed_on_colab(project["dependencies"]))
    run_pip(home, "install", "--quiet", "--no-deps", "--editable", str(ROOT))
    if installed_version(home, "numpy") != numpy:
        print("NumPy is new: choose Runtime > Restart session, then run this cell again")


def needed_on_colab(dependencies: Sequence[str]) -> list[str]:
    """Return the requirements without Colab's own packages."""
    names = {line: re.split(r"[^A-Za-z0-9-]", line)[0] for line in dependencies}
    return [line for line, name in names.items() if name not in KEPT_ON_COLAB]


def run_pip(home: Home, *arguments: str, check: bool = True) -> int:
    """Run pip and return its exit code.

    Raises:
        CalledProcessError: if `check` and the exit code is not 0.
    """
    command = [str(home.python), "-m", "pip", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, check=check).returncode


def installed_version(home: Home, name: str) -> str:
    """Return the version of an installed package; empty if it is not there."""
    code = f"from importlib.metadata import version; print(version({name!r}))"
    asked = subprocess.run([str(home.python), "-c", code], capture_output=True, text=True)
    return asked.stdout.strip() if asked.returncode == 0 else ""


def locked_version(name: str) -> str:
    """Return the version of a package in requirements.lock."""
    found = re.search(rf"^{re.escape(name)}==([^\s;]+)", LOCK.read_text(encoding="utf-8"), re.M)
    if found is None:
        raise ValueError(f"{LOCK} has no line {name}==...: run make lock.")
    return found[1]


def without_compiled(lock: str) -> str:
    """Return the lock without the packages that must be compiled."""
    lines = lock.splitlines(keepends=True)
    return "".join(line for line in lines if line.partition("==")[0] not in COMPILED)


def fingerprint() -> str:
    """Return a hash of this folder's path and its required packages, to recognise a set-up."""
    parts = [str(ROOT).encode(), LOCK.read_bytes(), (ROOT / "pyproject.toml").read_bytes()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def note(home: Home, state: str, build: str) -> None:
    """Record how far the set-up came and which torch is installed; `read_mark` reads it."""
    home.mark.write_text(f"{state} {build}\n", encoding="utf-8")


def read_mark(home: Home) -> tuple[str, str]:
    """Return the fingerprint of the finished set-up, or "unfinished", and the build of its torch.

    Both are empty texts if no torch was installed yet.
    """
    words = read_text(home.mark).split()
    return (words[0], words[1]) if len(words) == 2 else ("", "")


def read_text(path: Path) -> str:
    """Return the text of a file; empty if it is not there."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def open_course(home: Home, action: str, arguments: Sequence[str]) -> int:
    """Replace this process by ``hepml lab`` or ``hepml demo``, so stopping one stops the other."""
    command = [str(home.scripts / "hepml"), action, *arguments]
    if os.name == "posix":
        sys.stdout.flush()
        os.execv(command[0], command)
    return subprocess.call(command)


def test(home: Home, arguments: Sequence[str]) -> int:
    """Lint, then run all tests; return the exit code of the first that fails."""
    # Tests compare our networks with those of weaver-core, which need none of its dependencies.
    weaver = ["install", "--quiet", "--no-deps", "weaver-core==0.5.3"]
    if run_pip(home, *weaver, check=False) != 0:
        print("weaver-core is left out.")
    # Two tests run at a time, so one thread each: more would be many times slower.
    environment = {"OMP_NUM_THREADS": "1", **os.environ}
    for command in (
        ["ruff", "check", "."],
        ["ruff", "format", "--check", "."],
        ["pytest", "-n", "2", "--dist", "loadgroup", *arguments],
    ):
        program = str(home.scripts / command[0])
        print(" ".join(command), flush=True)
        code = subprocess.call([program, *command[1:]], cwd=ROOT, env=environment)
        if code != 0:
            return code
    return 0


def act(action: str, home: Home, wanted: str, arguments: Sequence[str]) -> int:
    """Do one action and return its exit code."""
    if action == "energyflow":
        install_energyflow(home)
        return 0
    if action == "colab":
        install_on_colab(home)
        return 0
    install(home, wanted)
    if action == "install":
        return 0
    if action == "test":
        return test(home, arguments)
    return open_course(home, action, arguments)


ACTIONS: dict[str, str] = {
    "lab": "install, then open the course in JupyterLab",
    "demo": "install, then run the first notebook to the end and write a page (no screen needed)",
    "test": "install, then lint, unit tests and every notebook",
    "install": "install only",
    "energyflow": "try again to compile energyflow's wasserstein",
    "colab": "install what is missing on Google Colab, into the Python that runs this",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script and return its exit code."""
    actions = "\n".join(f"  {name:12}{what}" for name, what in ACTIONS.items())
    parser = argparse.ArgumentParser(
        prog="course.py",
        description=f"Set up the course and open it.\n\nactions:\n{actions}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--torch",
        default=os.environ.get("TORCH", ""),
        metavar="cpu|cuda",
        help="which PyTorch; default: the variable TORCH, else by what is on this machine",
    )
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="default: .venv")
    parser.add_argument(
        "--here", action="store_true", help="install into the Python that runs this instead"
    )
    parser.add_argument("action", choices=ACTIONS, metavar="ACTION")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="passed on to JupyterLab, hepml demo or pytest"
    )
    options = parser.parse_args(arguments)
    is_here = options.here or options.action == "colab"
    home = this_python() if is_here else virtual_environment(options.venv)
    try:
        return act(options.action, home, options.torch, options.arguments)
    except (ValueError, OSError) as error:
        print(f"course.py: {error}", file=sys.stderr)
        return 2
    except subprocess.CalledProcessError as error:
        step = " ".join(str(word) for word in error.cmd)
        print(
            f"course.py: this step failed: {step}\nThe next call goes on with what is missing.",
            file=sys.stderr,
        )
        return 1
    except KeyboardInterrupt:
        print("\ncourse.py: stopped; the next call goes on with what is missing", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.stdout.reconfigure(line_buffering=True)  # keeps our lines and pip's in order
    sys.exit(main())
