import contextlib
import os
import subprocess
import sys
import textwrap
import time

import pytest

from hepml_lite.course import machine
from hepml_lite.course.machine import PeakMemory, environment, kernel_environment, usable_cores


def test_cores_are_those_that_may_be_used():
    assert 1 <= usable_cores() <= (os.cpu_count() or 1)


@pytest.mark.parametrize(
    ("text", "cores"), [("200000 100000", 2), ("150000 100000", 2), ("max 100000", os.cpu_count())]
)
def test_quota_of_a_container(tmp_path, text, cores):
    (tmp_path / "cpu.max").write_text(text + "\n")
    assert machine._quota(tmp_path / "cpu.max") == cores


def test_somebody_s_own_thread_setting_is_kept():
    assert kernel_environment({"OMP_NUM_THREADS": "7"})["OMP_NUM_THREADS"] == "7"
    assert kernel_environment({})["OMP_NUM_THREADS"] == "1"
    assert kernel_environment({})["GOMP_SPINCOUNT"] == "0"


def test_strictness_is_not_inherited():
    assert kernel_environment({"HEPML_STRICT": "1"})["HEPML_STRICT"] == "0"
    assert kernel_environment({}, strict=True)["HEPML_STRICT"] == "1"


def test_environment_is_put_back_even_after_an_error(monkeypatch):
    monkeypatch.setenv("A", "old")
    with contextlib.suppress(RuntimeError), environment({"A": "new", "B": "new"}):
        assert os.environ["A"] == "new"
        raise RuntimeError
    assert os.environ["A"] == "old"
    assert "B" not in os.environ


def run_as_kernel(code):
    """Watch a process whose command line is that of a Jupyter kernel."""
    command = [sys.executable, "-c", textwrap.dedent(code), "-m", "ipykernel_launcher"]
    with PeakMemory() as memory:
        subprocess.run(command, check=True)
    return memory.megabytes


def test_short_spike_of_the_kernel_is_seen():
    plain = run_as_kernel("import time; time.sleep(0.3)")
    spike = run_as_kernel("import time; b'x' * 200_000_000; time.sleep(0.3)")
    assert 190 < spike - plain < 230


FORK = """
    import os, time
    data = bytearray(b"x") * 100_000_000
    for _ in range(2):
        if os.fork() == 0:
            own = bytearray(b"y") * {own}
            time.sleep(0.5)
            os._exit(0)
    os.wait(), os.wait()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_children_count_with_what_they_do_not_share():
    shared = run_as_kernel(FORK.format(own=0))
    assert 100 < shared < 160  # not 300: the children only look at the parent's pages
    assert 90 < run_as_kernel(FORK.format(own=50_000_000)) - shared < 120


STARTS_A_PROGRAM = """
    import os, subprocess
    data = bytearray(b"x") * 200_000_000
    {starts}
"""
SLOW_START = """
    os.environ["PATH"] = ":".join(f"/nowhere/{k}" for k in range(100_000))  # it is sought for long
    for _ in range(3):
        try:
            subprocess.run(["no_such_program"])
        except OSError:
            pass
"""


def test_a_program_that_is_about_to_run_is_not_a_second_kernel():
    plain = run_as_kernel(STARTS_A_PROGRAM.format(starts="import time; time.sleep(0.3)"))
    starting = run_as_kernel(
        textwrap.dedent(STARTS_A_PROGRAM).format(starts=textwrap.dedent(SLOW_START))
    )
    assert starting - plain < 100  # not 200


def test_other_processes_do_not_count():
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.2)"], check=True)
    assert memory.megabytes == 0


def test_kernel_that_was_there_before_does_not_count():
    command = [sys.executable, "-c", "import time; time.sleep(5)", "ipykernel_launcher"]
    with subprocess.Popen(command) as process:
        with PeakMemory() as memory:
            time.sleep(0.3)
        process.kill()
    assert memory.megabytes == 0
