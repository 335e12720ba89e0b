import argparse
import re
import socket

import pytest
from packaging.requirements import Requirement

from hepml_lite.course import class_check, doctor
from hepml_lite.course.findings import Finding
from hepml_lite.networks.fast import choice


class Entry:
    """Stands for an entry point of another package."""

    name, value = "samples", "some.module:check"

    def __init__(self, check):
        self.load = lambda: check


def broken_check():
    yield Finding(True, "first file")
    raise OSError("disk on fire")


def test_what_is_broken_comes_with_its_remedy(capsys):
    found = [("samples", [Finding(False, "jets.npz has changed", "hepml data fetch")])]
    assert doctor.report(found) == 1
    assert "✗ jets.npz has changed\n      → hepml data fetch" in capsys.readouterr().out


def test_what_is_optional_does_not_fail(capsys):
    found = [("tools", [Finding(False, "verilator", "install it", required=False)])]
    assert doctor.report(found) == 0
    assert "install it" in capsys.readouterr().out


def test_contributed_checks_are_run_and_may_break():
    found = dict(doctor.sections([Entry(lambda: [Finding(True, "all intact")])]))
    assert found["samples"] == [Finding(True, "all intact")]
    (finding,) = dict(doctor.sections([Entry(broken_check)]))["samples"]
    assert not finding.ok
    assert "OSError: disk on fire" in finding.what


def test_the_paths_of_the_networks_are_one_line_or_one_each(monkeypatch):
    monkeypatch.delenv(choice.SWITCH, raising=False)
    assert [f.what for f in doctor.fast_networks()] == ["networks: the fast path for all"]
    monkeypatch.setitem(choice._problems, "linear", "torch 9: no such operator")
    slow, fast = doctor.fast_networks()
    assert not slow.ok
    assert not slow.required
    assert "the readable path for linear: torch 9: no such operator" in slow.what
    assert "eq2to2" in fast.what
    assert "linear" not in fast.what


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("numpy>=2", ""),
        ("numpy>=99", "numpy .* is installed, >=99 is needed"),
        ("no-such-package>=1", "no-such-package is not installed"),
    ],
)
def test_requirements(text, words):
    assert re.fullmatch(words, doctor.requirement_problem(Requirement(text)))


@pytest.mark.parametrize(
    ("cores", "chosen", "ok"),
    [(2, "2", True), (2, "1", True), (2, "64", False), (10_000, None, True), (0, None, False)],
)
def test_more_threads_than_cores_are_noticed(cores, chosen, ok):
    finding = doctor.threads(cores, chosen)
    assert finding.ok is ok
    assert finding.required is False
    assert "OMP_NUM_THREADS=1" in finding.remedy


def test_every_finding_that_may_fail_has_a_remedy():
    findings = [*doctor.packages(), *doctor.machine(), *doctor.optional()]
    assert all(finding.remedy for finding in findings if not finding.ok)


@pytest.mark.parametrize("required", [True, False])
def test_notebook_sees_what_needs_attention_and_nothing_else(monkeypatch, capsys, required):
    found = [
        ("packages", [Finding(True, "numpy 2"), Finding(False, "torch", "get it", required)]),
        ("optional", [Finding(False, "verilator", "install it", required=False)]),
    ]
    monkeypatch.setattr(doctor, "sections", lambda contributed: found)
    doctor.check_installation()
    text = capsys.readouterr().out
    assert "torch\n      → get it" in text
    assert "numpy" not in text
    assert "verilator" not in text
    assert ("Everything" in text) is not required


def test_a_class_is_told_of_ports_memory_and_weights(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        taken = class_check.free_port(port, "the dashboards")
    assert not taken.ok
    assert f"--port {port + 1}" in taken.remedy
    assert class_check.free_port(port, "the dashboards").ok

    assert class_check.memory_for_dashboards(30, free=2.0).ok
    assert not class_check.memory_for_dashboards(300, free=2.0).ok
    few = class_check.memory_for_kernels(30, largest=1.2, free=8.0)
    assert not few.ok
    assert "36 GB" in few.what
    assert "6 at a time" in few.remedy
    assert class_check.memory_for_kernels(30, largest=1.2, free=64.0).ok
    assert not class_check.two_kernels(30, largest=1.2, free=64.0).ok
    assert "Shut Down Kernel" in class_check.two_kernels(30, largest=1.2, free=64.0).remedy


def test_a_missing_network_is_found(monkeypatch, tmp_path):
    assert class_check.stored_networks().ok
    monkeypatch.setattr("hepml_lite.tagging.trained.FOLDER", tmp_path)
    missing = class_check.stored_networks()
    assert missing.required
    assert not missing.ok
    assert "PFN" in missing.what


def test_the_class_is_a_section_of_its_own(monkeypatch, capsys):
    parser = argparse.ArgumentParser()
    doctor.add_doctor(parser.add_subparsers())
    monkeypatch.setattr(doctor, "sections", lambda contributed: [])
    monkeypatch.setattr(doctor, "class_findings", lambda n: [Finding(False, f"for {n}", "more")])
    options = parser.parse_args(["doctor", "--class", "30"])
    assert options.run(options) == 1
    assert "class of 30\n  ✗ for 30" in capsys.readouterr().out
