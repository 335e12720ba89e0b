"""Run a recipe in seeded chunks on a Dask cluster; the result does not depend on its size."""

import importlib
import itertools
import logging
import pkgutil
import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing import resource_tracker
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from tqdm.auto import tqdm

from data_fetch import files, generate
from data_fetch.generate.simulation import pythia

if TYPE_CHECKING:
    from distributed import Client

AHEAD = 2  # chunks given to each worker at a time: it is never idle, and memory stays flat
CONNECT = "30s"  # for a scheduler to answer


def recipes() -> list[str]:
    """Names of the samples that can be generated: the modules of this package with a `chunk`."""
    modules = (m.name for m in pkgutil.iter_modules(generate.__path__))
    return sorted(m for m in modules if hasattr(_module(m), "chunk"))


def recipe(name: str) -> ModuleType:
    """The module that makes a sample.

    Raises:
        ValueError: if there is no recipe of that name.
    """
    if name not in recipes():
        raise ValueError(f"no recipe for {name!r}; there are: {', '.join(recipes())}")
    return _module(name)


def make_chunks(
    name: str,
    total: int,
    seed: int,
    folder: Path,
    workers: int = 1,
    scheduler: str | None = None,
    size: int | None = None,
) -> list[Path]:
    """Make the first `total` chunks of a sample, except those that are in `folder` already.

    Args:
        name: a recipe, see `recipes`.
        total: number of chunks.
        seed: of Pythia and of the detector.
        folder: where each chunk is written as soon as it is made, whole or not at all.
        workers: number of processes of one thread each; 1 makes the chunks in this process.
        scheduler: address of a running Dask cluster, such as tcp://host:8786, to use instead.
        size: rows a chunk; default: that of the recipe, as in the bundled samples.

    Returns:
        The paths of the chunks, in order.

    Raises:
        ValueError: for an unknown recipe, numbers below one, or a scheduler that does not answer.
        ModuleNotFoundError: if pythia8mc is not installed, or distributed for several workers.
    """
    size = size or recipe(name).CHUNK
    if total < 1 or workers < 1:
        raise ValueError(f"{total} chunks from {workers} workers: both must be at least 1")
    if recipe(name).CARD["generator"] == pythia.PACKAGE:
        pythia.version()  # raises before any work begins if Pythia is missing
    paths = [folder / f"{number:06d}.npz" for number in range(total)]
    missing = [number for number in range(total) if not paths[number].is_file()]
    bar = tqdm(total=total * size, initial=(total - len(missing)) * size, unit="row", desc=name)
    with bar:
        for number, arrays in _computed(name, seed, missing, size, workers, scheduler):
            files.write_arrays(paths[number], arrays)
            bar.update(size)
    return paths


def one_chunk(name: str, seed: int, number: int, size: int) -> dict[str, np.ndarray]:
    """The arrays of one chunk, by name; a worker calls this."""
    return recipe(name).chunk(seed, number, size).arrays()


def _computed(
    name: str, seed: int, numbers: Sequence[int], size: int, workers: int, scheduler: str | None
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """The chunks, each as soon as it is finished, from this process or from several."""
    if scheduler or min(workers, len(numbers)) > 1:
        with _cluster(workers, scheduler) as client:
            yield from _gathered(client, name, seed, numbers, size)
        return
    for number in numbers:
        yield number, one_chunk(name, seed, number, size)


def _gathered(
    client: "Client", name: str, seed: int, numbers: Sequence[int], size: int
) -> Iterator[tuple[int, dict[str, np.ndarray]]]:
    """Chunks from a cluster; few are in work at a time, so that memory does not grow."""
    from distributed import as_completed

    waiting = iter(numbers)
    running, number_of = as_completed(), {}

    def submit() -> None:
        for number in itertools.islice(waiting, 1):
            future = client.submit(one_chunk, name, seed, number, size, pure=False)
            number_of[future] = number
            running.add(future)

    for _ in range(AHEAD * max(1, sum(client.nthreads().values()))):
        submit()
    for future in running:
        yield number_of.pop(future), future.result()
        submit()


@contextmanager
def _cluster(workers: int, scheduler: str | None) -> Iterator["Client"]:
    """A client of the cluster at `scheduler`, or of new local processes of one thread each."""
    try:
        from distributed import Client, LocalCluster
    except ModuleNotFoundError as missing:
        raise ModuleNotFoundError(
            "generating on several processes needs dask's distributed, which is not installed: "
            "`pip install distributed`, or use one worker"
        ) from missing
    with ExitStack() as stack:
        if scheduler is None:
            with _interrupts_wait():
                cluster = LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    memory_limit=0,
                    dashboard_address="127.0.0.1:0",  # any port: 8787 may be taken
                    silence_logs=logging.ERROR,  # an interrupt would give a warning for each task
                )
                scheduler = stack.enter_context(cluster)
        try:
            client = Client(scheduler, timeout=CONNECT)
        except (OSError, ValueError) as silent:
            raise ValueError(
                f"no Dask scheduler answers at {scheduler!r}: start it, and give the address that "
                "it prints, such as tcp://host:8786"
            ) from silent
        stack.enter_context(client)
        try:
            yield client
        except (KeyboardInterrupt, GeneratorExit):
            # Every task that is not finished would tell that it was interrupted.
            for name in ("distributed", "distributed.client", "asyncio"):
                logging.getLogger(name).setLevel(logging.CRITICAL)
            raise


@contextmanager
def _interrupts_wait() -> Iterator[None]:
    """Let an interrupt (Ctrl-C) wait for the end of the block, where the system can do so.

    Processes that are started in the block never receive it: a terminal sends it to all processes
    of a command, and each worker would print a traceback. This process ends its workers itself.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # its start would unblock interrupts in the block
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{generate.__name__}.{name}")
