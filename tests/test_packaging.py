"""pyproject, lock, environment, Binder and the dev container fit together."""

import importlib.util
import json
import os
import pkgutil
import re
import subprocess
import sys
import tomllib
import warnings
import zipfile
from pathlib import Path

import nbformat
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONDA_PART = {"python=3.11", "pip"}  # all else comes from pip, so that one lock serves everyone


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def lock():
    lines = (ROOT / "requirements.lock").read_text().splitlines()
    pins = (Requirement(line) for line in lines if line and not line.lstrip().startswith("#"))
    return {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}


@pytest.fixture(scope="module")
def environment():
    text = (ROOT / "environment.yml").read_text()
    return re.findall(r"^ *- \"?([^\"\n]+?)\"?$", text, flags=re.M)


def requirements(project):
    extras = project["optional-dependencies"].values()
    lines = project["dependencies"] + [line for extra in extras for line in extra]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def test_every_requirement_is_locked_in_a_version_that_it_allows(project, lock):
    wrong = [
        f"{requirement} but the lock has {lock.get(name)}"
        for name, requirement in requirements(project).items()
        if name not in lock or not requirement.specifier.contains(lock[name])
    ]
    assert not wrong, f"run `make lock`: {wrong}"


def test_conda_installs_python_and_pip_alone(environment):
    assert set(environment) - {"conda-forge", "nodefaults"} == CONDA_PART


def test_binder_uses_the_environment_of_the_course():
    assert (ROOT / "binder" / "environment.yml").resolve() == ROOT / "environment.yml"
    assert "course.py --here" in (ROOT / "binder" / "postBuild").read_text()
    for script in ("postBuild", "start"):
        assert (ROOT / "binder" / script).stat().st_mode & 0o111, f"{script} must be executable"


def test_dev_container_is_set_up_by_the_course():
    text = (ROOT / ".devcontainer" / "devcontainer.json").read_text()
    assert json.loads(text)["postCreateCommand"] == "python course.py install"


@pytest.mark.parametrize("python", ["3.11", "3.12", "3.13"])
@pytest.mark.parametrize(
    "platform",
    [
        "x86_64-manylinux_2_28",
        "aarch64-manylinux_2_28",
        "aarch64-apple-darwin",
        "x86_64-pc-windows-msvc",
    ],
)
def test_every_pin_has_a_wheel(platform, python, lock, tmp_path):
    """Nothing is compiled on a student's machine; only the extras may be missing there."""
    own = {"energyflow", "wasserstein", "pythia8mc"}
    lines = (ROOT / "requirements.lock").read_text().splitlines(keepends=True)
    pins = tmp_path / "pins.txt"
    pins.write_text("".join(line for line in lines if line.partition("==")[0] not in own))
    command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--quiet"]
    where = ["--target", tmp_path / "site", "--python-platform", platform]
    what = ["--python-version", python, "--only-binary", ":all:", "--requirement", pins]
    found = subprocess.run(
        [*command, *where, *what],
        capture_output=True,
        text=True,
        env={**os.environ, "MACOSX_DEPLOYMENT_TARGET": "14.0"},  # the oldest with a torch
    )
    if "error sending request" in found.stderr or "Failed to fetch" in found.stderr:
        pytest.skip("the package index does not answer")
    assert found.returncode == 0, found.stderr


def test_lock_holds_no_address_and_no_local_build():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|\+cpu", text)


def test_imports_point_one_way_between_packages_rooms_and_themes():
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from importlinter.cli import lint_imports_command; lint_imports_command()",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_imports_are_absolute():
    for package in ("hepml_lite", "data_fetch", "widgets"):
        for path in (ROOT / package).rglob("*.py"):
            relative = re.search(r"^\s*from \.", path.read_text(), flags=re.M)
            assert not relative, f"{path.relative_to(ROOT)} has a relative import"


def test_modules_say_what_they_are_and_long_ones_are_listed():
    long_modules = []
    for package in ("hepml_lite", "data_fetch", "widgets"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            assert text.startswith(('"""', 'r"""')), f"{path.relative_to(ROOT)} has no first line"
            if text.count("\n") > 300:
                long_modules.append(str(path.relative_to(ROOT)))
    if long_modules:
        warnings.warn(
            f"longer than 300 lines, is there a second idea? {long_modules}", stacklevel=1
        )


def test_the_drawing_of_the_rooms_is_that_of_the_code():
    path = ROOT / "docs" / "architecture.py"
    spec = importlib.util.spec_from_file_location("architecture", path)
    architecture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(architecture)
    current = architecture.PAGE.read_text("utf8")
    assert architecture.page() == current, "run: python docs/architecture.py"


def test_every_moved_name_is_where_the_table_says():
    rows = (ROOT / "docs" / "moved_names.csv").read_text().splitlines()[1:]
    for row in rows:
        new = row.split(",")[1]
        if "/" in new:
            assert (ROOT / new).is_file(), new
        else:
            assert pkgutil.resolve_name(new), new


def test_every_module_can_be_imported():
    code = (
        "import importlib, pkgutil\n"
        "for name in ('hepml_lite', 'data_fetch', 'widgets'):\n"
        "    package = importlib.import_module(name)\n"
        "    for module in pkgutil.walk_packages(package.__path__, name + '.'):\n"
        "        importlib.import_module(module.name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The files of the wheel in a folder, as pip would install them."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "uv", "build", "--quiet", "--wheel", "--out-dir", folder, ROOT]
    built = subprocess.run(build, capture_output=True, text=True)
    if "error sending request" in built.stderr or "Failed to fetch" in built.stderr:
        pytest.skip("the package index does not answer: there is no hatchling to build with")
    assert built.returncode == 0, built.stderr
    site = folder / "site"
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_hands_out_the_notebooks_and_runs_where_no_checkout_is(wheel, tmp_path):
    def hepml(*arguments):
        code = "import sys; from hepml_lite.course.cli import main; sys.exit(main(sys.argv[1:]))"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(wheel)},
            capture_output=True,
            text=True,
        )

    copied = hepml("notebooks", "mine")
    assert copied.returncode == 0, copied.stderr
    names = {path.relative_to(tmp_path / "mine") for path in (tmp_path / "mine").rglob("*.ipynb")}
    sources = ROOT / "notebooks" / "source"
    assert names == {
        path.relative_to(sources).with_suffix(".ipynb") for path in sources.rglob("*.py")
    }

    told = hepml("doctor").stdout
    assert f"notebooks in {wheel}" in told
    assert "hepml notebooks DIR" in told
    (wheel / "hepml_lite" / "course_files" / "notebooks" / "00_start_here.ipynb").unlink()
    told = hepml("doctor")
    assert told.returncode == 1
    assert "✗ notebook 00_start_here" in told.stdout

    own = tmp_path / "own.ipynb"
    code = nbformat.v4.new_code_cell(
        "PROFILE = 'lesson'\nSEED = 1", metadata={"tags": ["parameters"]}
    )
    show = nbformat.v4.new_code_cell("import hepml_lite\nprint(PROFILE, hepml_lite.__file__)")
    nbformat.write(nbformat.v4.new_notebook(cells=[code, show]), own)
    run = hepml("run", str(own), "--profile", "smoke")
    assert run.returncode == 0, run.stderr
    assert f"smoke {wheel}" in (tmp_path / "output" / "own.ipynb").read_text()
    assert (tmp_path / "output" / "own.html").is_file()
