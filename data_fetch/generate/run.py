"""Run a recipe in chunks over several processes; the result does not depend on how many."""

import importlib
import multiprocessing
import os
import pkgutil
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from tqdm.auto import tqdm

from hepml_lite.jets import Jets

from .. import files, generate
from . import pythia


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


@contextmanager
def generated_jets(
    name: str,
    n: int,
    seed: int = 1,
    workers: int = 1,
    folder: Path | None = None,
    chunk: int | None = None,
) -> Iterator[Jets]:
    """Make n jets of a sample; the same name, n, seed and chunk give the same jets.

    Chunks are kept in `folder` until the `with` block ends without an error, so that a run that
    was interrupted, or whose jets could not be written, goes on where it stopped.

    Args:
        name: a recipe, see `recipes`.
        n: number of jets.
        seed: of Pythia and of the detector.
        workers: processes; they change no result.
        folder: for the chunks; default: in the data folder.
        chunk: jets a chunk; default: the recipe's own, which the bundled samples are made with.

    Raises:
        ValueError: for an unknown recipe, or numbers of jets or workers below one.
        ModuleNotFoundError: if pythia8mc is not installed.
    """
    chunk = chunk or recipe(name).CHUNK
    if n < 1 or workers < 1:
        raise ValueError(f"{n} jets from {workers} workers: both must be at least 1")
    pythia.version()  # says what is missing before any work begins
    folder = folder or files.data_folder() / "chunks" / f"{name}-seed{seed}-{chunk}"
    total = -(-n // chunk)
    missing = missing_chunks(folder, total)
    paths = [folder / chunk_name(number) for number in range(total)]
    work = [(name, seed, number, chunk, paths[number]) for number in missing]
    done = total - len(missing)
    with _pool(workers) as pool:
        made = pool.map(make_chunk, *zip(*work, strict=True)) if work else ()
        for _ in tqdm(made, total=total, initial=done, unit="chunk", desc=name):
            pass
    yield Jets.concatenate([_read_chunk(name, path) for path in paths])[:n]
    for path in paths:
        path.unlink()


def chunk_name(number: int) -> str:
    """File name of a chunk."""
    return f"{number:06d}.npz"


def missing_chunks(folder: Path, total: int) -> list[int]:
    """Numbers of the chunks that are not in `folder` yet."""
    return [number for number in range(total) if not (folder / chunk_name(number)).is_file()]


def make_chunk(name: str, seed: int, number: int, size: int, path: Path) -> None:
    """Generate one chunk and store it unpacked, under its final name only when it is complete."""
    jets = recipe(name).chunk(seed, number, size)
    columns = {key: getattr(jets, key) for key in ("constituents", "mask", "label", "pid")}
    files.write_arrays(path, {key: c for key, c in columns.items() if c is not None})


def _read_chunk(name: str, path: Path) -> Jets:
    return Jets(**files.read_arrays(path), names=recipe(name).NAMES)


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Fresh processes of one thread each: two threads on a busy core are far slower than one."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"{generate.__name__}.{name}")
