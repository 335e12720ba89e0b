"""The machine's limits: usable cores, threads of a process, peak memory."""

import contextlib
import math
import os
import re
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import psutil

_kernel = "ipykernel_launcher"


def usable_cores() -> int:
    """Return the number of cores that this process may use: affinity and the container's quota.

    ``os.cpu_count()`` gives all cores of the host. In a container with two of 64 cores, PyTorch
    would start 64 threads and be many times slower than with two.
    """
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return max(1, min(allowed or 1, _quota(Path("/sys/fs/cgroup/cpu.max"))))


def _quota(path: Path) -> int:
    """Return the cores that a Linux control group allows ("200000 100000" means 2)."""
    try:
        limit, period = path.read_text().split()
        return math.ceil(int(limit) / int(period))
    except (OSError, ValueError):  # no such file, or "max 100000"
        return os.cpu_count() or 1


def kernel_environment(base: Mapping[str, str], strict: bool = False) -> dict[str, str]:
    """Return `base` with the variables that a kernel of the course needs.

    Panel's JavaScript is inline (a lecture hall may have no network), there is one thread unless
    `base` says otherwise, and checks raise if `strict`. The networks of a lesson are small. Two
    threads that spin while they wait are several times slower than one thread beside a busy
    browser. Two threads that do not spin are slower than one even on an idle machine.
    """
    threads = {"OMP_NUM_THREADS": "1", "GOMP_SPINCOUNT": "0"}
    fixed = {"PANEL_INLINE": "1", "HEPML_STRICT": "1" if strict else "0"}
    return {**threads, **base, **fixed}


@contextlib.contextmanager
def environment(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables inside the block, and put the old ones back after it."""
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


class PeakMemory:
    """Peak memory of a process's Jupyter kernels: ``with PeakMemory() as memory: ...``.

    The value is the resident memory of each kernel plus the memory that its children do not share
    (USS), so pages shared with a forked data loader count once. A sample is taken every `interval`
    seconds. On Linux the peak that the operating system recorded for the kernel is read as well, so
    a short peak of the kernel itself is not missed. 1 MB is 10⁶ bytes.

    A program that a kernel starts has the very memory of the kernel for a moment, until it runs. It
    is not counted as a second kernel.

    Kernels that ran before, for instance of another notebook, are not counted.
    """

    def __init__(self, pid: int | None = None, interval: float = 0.05) -> None:
        self._top = psutil.Process(pid or os.getpid())
        self._interval = interval
        self._before = {process.pid for process in _kernels(self._top)}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._peak = 0

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def megabytes(self) -> float:
        """The highest value so far; 0 if no kernel was seen."""
        return self._peak / 1e6

    def _watch(self) -> None:
        kernels: list[psutil.Process] = []
        while not self._done.is_set():
            kernels = [kernel for kernel in kernels if kernel.is_running()] or self._new_kernels()
            self._peak = max(self._peak, sum(_tree_bytes(kernel) for kernel in kernels))
            self._done.wait(self._interval)

    def _new_kernels(self) -> list[psutil.Process]:
        return [process for process in _kernels(self._top) if process.pid not in self._before]


def _kernels(top: psutil.Process) -> list[psutil.Process]:
    """Return the Jupyter kernels among the descendants of `top`, without their own forks."""
    try:
        found = {p.pid: p for p in top.children(recursive=True) if _is_kernel(p)}
        # a fork has its parent's command line: it is the child of a kernel, not a kernel
        return [kernel for kernel in found.values() if kernel.ppid() not in found]
    except psutil.Error:
        return []


def _is_kernel(process: psutil.Process) -> bool:
    try:
        return any(_kernel in argument for argument in process.cmdline())
    except psutil.Error:
        return False


def _tree_bytes(kernel: psutil.Process) -> int:
    """Return the bytes of a kernel and its children; 0 after its end."""
    try:
        resident, children = kernel.memory_info().rss, kernel.children(recursive=True)
    except psutil.Error:
        return 0
    own = (_private_bytes(child) for child in children if not _not_yet_running(child, kernel))
    return max(resident, _highest_resident(kernel.pid)) + sum(own)


def _not_yet_running(child: psutil.Process, kernel: psutil.Process) -> bool:
    """Whether a child is still the kernel itself (vfork), which waits until the program runs.

    Its memory is then as large as that of the kernel. A copy (fork) has no pages of files yet.
    """
    try:
        sizes = child.memory_info().rss, kernel.memory_info().rss
        return child.cmdline() == kernel.cmdline() and min(sizes) > 0.99 * max(sizes)
    except psutil.Error:
        return False


def _private_bytes(process: psutil.Process) -> int:
    try:
        return process.memory_full_info().uss
    except psutil.Error:
        return 0


def _highest_resident(pid: int) -> int:
    """Return the peak that Linux recorded for a process, in bytes; 0 elsewhere."""
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) * 1024 if found else 0
