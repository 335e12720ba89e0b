"""pyproject, lock and environment name the same packages in compatible versions."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
CONDA_PART = {"python=3.11", "pip"}  # all else comes from pip, so that one lock serves everyone
# left to `make energyflow` (must be compiled) or to those who run the tests
NOT_IN_ENVIRONMENT = {"energyflow", "test"}


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


def requirements(project, without=()):
    extras = project["optional-dependencies"]
    lines = project["dependencies"] + [
        line for name, extra in extras.items() if name not in without for line in extra
    ]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def test_every_requirement_is_locked_in_a_version_that_it_allows(project, lock):
    wrong = [
        f"{requirement} but the lock has {lock.get(name)}"
        for name, requirement in requirements(project).items()
        if name not in lock or not requirement.specifier.contains(lock[name])
    ]
    assert not wrong, f"run `make lock`: {wrong}"


def test_environment_has_the_locked_version_of_every_requirement(project, lock, environment):
    pins = {canonicalize_name(Requirement(line).name): line for line in environment if "==" in line}
    expected = requirements(project, without=NOT_IN_ENVIRONMENT)
    assert pins.keys() == expected.keys()
    for name, line in pins.items():
        assert str(Requirement(line).specifier) == f"=={lock[name]}", f"environment.yml: {name}"


def test_conda_installs_python_and_pip_alone(environment):
    others = {line for line in environment if "==" not in line and not line.startswith("--")}
    assert others - {"conda-forge", "nodefaults", "pip:"} == CONDA_PART


def test_torch_is_the_cpu_build_in_the_environment(environment):
    assert "--extra-index-url https://download.pytorch.org/whl/cpu" in environment


def test_binder_uses_the_environment_of_the_course():
    assert (ROOT / "binder" / "environment.yml").resolve() == ROOT / "environment.yml"
    for script in ("postBuild", "start"):
        assert (ROOT / "binder" / script).stat().st_mode & 0o111, f"{script} must be executable"


def test_lock_holds_no_address_and_no_local_build():
    text = (ROOT / "requirements.lock").read_text()
    assert not re.search(r"://|--(extra-)?index-url|--find-links|\+cpu", text)


def test_imports_point_one_way():
    order = ["hepml_lite", "data_fetch", "widgets"]
    for position, package in enumerate(order):
        above = "|".join([*order[position + 1 :], "notebooks"]) or "nothing"
        for path in (ROOT / package).rglob("*.py"):
            upward = re.search(rf"^\s*(?:from|import) ({above})\b", path.read_text(), flags=re.M)
            assert not upward, f"{path.relative_to(ROOT)} imports {upward[1]}"


def test_modules_are_short_and_say_what_they_are():
    for package in ("hepml_lite", "data_fetch", "widgets"):
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            assert text.startswith(('"""', 'r"""')), f"{path.relative_to(ROOT)} has no first line"
            assert text.count("\n") <= 250, f"{path.relative_to(ROOT)} is longer than 250 lines"
