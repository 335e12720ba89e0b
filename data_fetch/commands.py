"""`hepml data`: list, info, verify, generate; and what `hepml doctor` asks about samples."""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from hepml_lite.course.findings import Finding

from . import files, samples


def add_data(subparsers: argparse._SubParsersAction) -> None:
    """Add `hepml data` and its subcommands."""
    parser = subparsers.add_parser("data", help="the samples: list, info, verify, generate")
    commands = parser.add_subparsers(dest="data_command", required=True)
    commands.add_parser("list", help="what there is, and how large").set_defaults(run=_list)
    info = commands.add_parser("info", help="the data card of a sample")
    info.add_argument("name")
    info.set_defaults(run=_info)
    verify = commands.add_parser("verify", help="is the file what its card says?")
    verify.add_argument("name", nargs="?", help="default: every bundled sample")
    verify.add_argument(
        "--regenerate", type=int, metavar="N", help="make the first N jets again and compare"
    )
    verify.set_defaults(run=_verify)
    generate = commands.add_parser("generate", help="make a sample with Pythia 8")
    generate.add_argument("name")
    generate.add_argument("--events", type=int, default=50_000, help="number of jets")
    generate.add_argument("--seed", type=int, default=1)
    generate.add_argument("--workers", type=int, default=1, help="processes; changes no result")
    generate.add_argument("--out", type=Path, help="default: $HEPML_DATA/generated")
    generate.set_defaults(run=_generate)


def findings() -> Iterable[Finding]:
    """One finding a bundled sample, for `hepml doctor`."""
    for name, sample in samples.bundled().items():
        try:
            sample.verify()
        except (FileNotFoundError, ValueError) as problem:
            yield Finding(False, f"sample {name}: {problem}", sample.remedy)
        else:
            yield Finding(True, f"sample {name} is intact")


def _list(_: argparse.Namespace) -> int:
    for name, sample in samples.bundled().items():
        made_here = samples.generated(name)
        places = ["bundled"] + (["generated"] if made_here.path.is_file() else [])
        size = sample.path.stat().st_size / 1e6 if sample.path.is_file() else 0
        jets = sum(sample.card["jets"].values())
        print(f"{name:<16}{jets:>8} jets {size:>6.1f} MB  {', '.join(places):<20} ", end="")
        print(sample.card["title"])
    print(f"\nGenerated samples are kept in {files.data_folder()} (set HEPML_DATA to move them).")
    return 0


def _info(arguments: argparse.Namespace) -> int:
    for key, value in _sample(arguments.name).card.items():
        print(f"{key:>10}: {value if isinstance(value, str) else json.dumps(value)}")
    return 0


def _verify(arguments: argparse.Namespace) -> int:
    chosen = [arguments.name] if arguments.name else list(samples.bundled())
    for name in chosen:
        _sample(name).verify()
        print(f"{name}: the file is what its card says")
        if arguments.regenerate and not _regenerates(name, arguments.regenerate):
            return 1
    return 0


def _regenerates(name: str, n: int) -> bool:
    from .make import agreement

    share = agreement(_sample(name), n)
    print(f"{name}: {share:.1%} of the first {n} jets came out again bit for bit")
    if share < 1:
        made_on = _sample(name).card["platform"]
        print(f"  the sample was made on {made_on}; other processors may round differently")
    return share == 1


def _generate(arguments: argparse.Namespace) -> int:
    from .make import make

    folder = arguments.out or samples.generated(arguments.name).folder
    sample = make(arguments.name, arguments.events, arguments.seed, arguments.workers, folder)
    print(f"{sample.path}: {sample.path.stat().st_size / 1e6:.1f} MB")
    return 0


def _sample(name: str) -> samples.Sample:
    known = samples.bundled()
    if name not in known:
        raise ValueError(f"unknown sample {name!r}; choose one of: {', '.join(known)}")
    return known[name]
