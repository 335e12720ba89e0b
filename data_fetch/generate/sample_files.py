"""Make a sample with its data card; check that a recipe makes a stored sample again."""

import json
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import filelock
import numpy as np

from data_fetch import files, packing, splits
from data_fetch.generate import run
from data_fetch.packing import storage
from data_fetch.samples import Generated, Packed, Sample
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.rows import Rows
from hepml_lite.files import require_writable, write_text

LICENCE = "data: CC0-1.0 (Pythia 8 and FastJet, which samples of collisions come from, are GPL)"


def generate(
    name: str,
    n: int,
    seed: int = 1,
    workers: int = 1,
    folder: Path | None = None,
    scheduler: str | None = None,
) -> Generated:
    """Generate n rows of a sample into `<name>.h5` and, last, its card.

    Chunks of rows stay in the data folder until both files are there. So the next run continues
    after an interruption or a failed write. If two runs make the same sample, the second waits for
    the first and uses its files.

    Args:
        name: a recipe, see `hepml data list`.
        n: number of rows.
        seed: of Pythia and of the detector.
        workers, scheduler: see `data_fetch.generate.run.make_chunks`; they change no result.
        folder: of the result; default: where `load(name, "paper")` looks.

    Raises:
        ValueError: for an unknown recipe, numbers below one, or a scheduler that does not answer.
        ModuleNotFoundError: if pythia8mc or distributed is not installed.
        OSError: if the folder cannot be written; the chunks made so far are kept.
    """
    sample = Generated(name, folder or files.data_folder() / "generated")
    with _chunks(name, n, seed, workers, scheduler, sample) as paths:
        if paths:
            sample.card_path.unlink(missing_ok=True)  # a card must never describe another file
            counts = storage.write(sample.path, map(_read_chunk, paths), n)
            _write_card(sample, n, seed, counts)
    return sample


def bundle(name: str, n: int, seed: int, workers: int, folder: Path) -> Packed:
    """Generate n rows and pack them into the small `<name>.npz` that comes with the course."""
    made = generate(name, n, seed, workers, folder=files.data_folder() / "to_bundle")
    sample = Packed(name, folder)
    sample.card_path.unlink(missing_ok=True)
    files.write_arrays(sample.path, packing.pack(made.rows()))
    _write_card(sample, n, seed, list(made.card["rows"].values()))
    return sample


@contextmanager
def _chunks(
    name: str, n: int, seed: int, workers: int, scheduler: str | None, sample: Sample
) -> Iterator[list[Path]]:
    """The chunks of a sample, deleted when the block succeeds; none if another run made it."""
    if n < 1:
        raise ValueError(f"cannot generate {n} rows of {name}: ask for at least 1")
    size = run.recipe(name).CHUNK
    folder = files.data_folder() / "chunks" / f"{name}-seed{seed}-{size}"
    for written in (folder, sample.folder):
        require_writable(written)
    with filelock.FileLock(folder.with_suffix(".lock")):
        if _is_made(sample, n, seed):
            yield []
            return
        try:
            yield run.make_chunks(name, -(-n // size), seed, folder, workers, scheduler)
        except OSError as problem:
            kept = f"Finished chunks stay in {folder}: then run the same command again."
            clear = OSError(f"{problem} {kept}")
            clear.errno = problem.errno
            raise clear from problem
        shutil.rmtree(folder)


def _is_made(sample: Sample, n: int, seed: int) -> bool:
    """Whether a sample of this seed and size is there already."""
    if not sample.is_complete:
        return False
    return (sample.card["seed"], sum(sample.card["rows"].values())) == (seed, n)


def _read_chunk(path: Path) -> Mapping[str, np.ndarray]:
    try:
        return files.read_arrays(path)
    except ValueError as damaged:
        path.unlink()
        raise ValueError(
            f"chunk {path} was damaged and has been deleted: run the same command again to make "
            "it anew"
        ) from damaged


def _write_card(sample: Sample, n: int, seed: int, counts: Sequence[int]) -> None:
    recipe = run.recipe(sample.name)
    package = recipe.CARD["generator"]
    card = {
        "name": sample.name,
        **recipe.CARD,
        "generator": f"{package} {version(package)}",
        "rows": dict(zip(recipe.NAMES, counts, strict=False)),
        "split": splits.described(recipe.CARD),
        "recipe": f"data_fetch/generate/{sample.name}.py",
        "command": f"hepml data generate {sample.name} --events {n} --seed {seed}"
        + (" --packed" if isinstance(sample, Packed) else ""),
        "seed": seed,
        "platform": f"{platform.system()} {platform.machine()}",
        "licence": LICENCE,
        "sha256": files.sha256(sample.path),
    }
    write_text(sample.card_path, json.dumps(card, indent=2) + "\n")


def agreement(sample: Packed, n: int) -> float:
    """The share of the first n stored rows that the recipe makes again bit for bit.

    Raises:
        ValueError: if n is not between 1 and the number of stored rows.
        ModuleNotFoundError: if the generator is not installed.
    """
    stored = sample.rows()
    if not 1 <= n <= len(stored):
        raise ValueError(
            f"cannot regenerate {n} rows of {sample.name}: choose from 1 to {len(stored)}"
        )
    recipe, seed = run.recipe(sample.name), sample.card["seed"]
    size = recipe.CHUNK
    parts = [recipe.chunk(seed, number, size) for number in range(-(-n // size))]
    again = replace(type(parts[0]).concatenate(parts)[:n], card=sample.card)
    return float(np.mean(_same(stored[:n], packing.unpack(packing.pack(again), sample.card))))


def _same(first: Rows, second: Rows) -> np.ndarray:
    """For each pair of rows: are all their numbers equal?"""
    if isinstance(first, Jets) and isinstance(second, Jets):
        width = max(first.mask.shape[1], second.mask.shape[1])
        first, second = first.padded(width), second.padded(width)
    pairs = zip(first.arrays().values(), second.arrays().values(), strict=True)
    return np.all([_equal(a, b).reshape(len(a), -1).all(axis=1) for a, b in pairs], axis=0)


def _equal(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Where two arrays have the same numbers, or are both NaN."""
    return (first == second) | ((first != first) & (second != second))
