"""`hepml data`: list, info, verify, generate, fetch; and the samples' part of `hepml doctor`."""

import argparse
import json
import os
from collections.abc import Iterable
from pathlib import Path

from data_fetch import files, samples
from data_fetch.public import registry
from hepml_lite.course.arguments import seed, whole_number
from hepml_lite.course.findings import Finding

UNITS = {
    "Jets": "jets",
    "Events": "events",
    "UnfoldingPair": "pairs",
    "TriggerEvents": "events",
    "Showers": "showers",
}


def add_data(subparsers: argparse._SubParsersAction) -> None:
    """Add `hepml data` and its subcommands."""
    parser = subparsers.add_parser("data", help="the samples: list, info, verify, generate, fetch")
    commands = parser.add_subparsers(dest="data_command", required=True)
    commands.add_parser("list", help="what there is, and how large").set_defaults(run=_list)
    info = commands.add_parser("info", help="the data card of a sample")
    info.add_argument("name")
    info.set_defaults(run=_info)
    verify = commands.add_parser("verify", help="is the file what its card says?")
    verify.add_argument("name", nargs="?", help="default: every bundled sample")
    verify.add_argument(
        "--regenerate",
        type=whole_number(1),
        metavar="N",
        help="make the first N rows again and compare",
    )
    verify.set_defaults(run=_verify)
    _add_generate(commands)
    fetch = commands.add_parser("fetch", help="files of a public data set, from their archive")
    fetch.add_argument("name")
    fetch.add_argument(
        "--files", nargs="+", metavar="FILE", help="names or patterns, '*' for all; see info"
    )
    fetch.add_argument("--out", type=Path, help="default: $HEPML_DATA/public/NAME")
    fetch.set_defaults(run=_fetch)


def _add_generate(commands: argparse._SubParsersAction) -> None:
    generate = commands.add_parser("generate", help="make as much of a sample as you like")
    generate.add_argument("name", help="a sample of the course, see list")
    generate.add_argument(
        "--events", type=whole_number(1), default=50_000, help="rows: jets, events, showers"
    )
    generate.add_argument("--seed", type=seed, default=1)
    generate.add_argument(
        "--workers",
        type=whole_number(1),
        default=os.cpu_count(),
        help="processes here; they change no result",
    )
    generate.add_argument(
        "--scheduler", metavar="ADDRESS", help="a running Dask cluster instead: tcp://host:8786"
    )
    generate.add_argument("--out", type=Path, help="default: $HEPML_DATA/generated")
    generate.add_argument(
        "--packed", action="store_true", help="the small rounded form of the bundled samples"
    )
    generate.set_defaults(run=_generate)


def findings() -> Iterable[Finding]:
    """One finding for each bundled sample, for `hepml doctor`."""
    for name, sample in samples.bundled().items():
        try:
            sample.verify()
        except (FileNotFoundError, ValueError) as problem:
            yield Finding(False, f"sample {name}: {problem}", sample.remedy)
        else:
            yield Finding(True, f"sample {name} is intact")


def _list(_: argparse.Namespace) -> int:
    print("Samples of the course: hepml data info NAME shows the card of one")
    for name, sample in samples.bundled().items():
        print(f"  {name:<16}{_stock(sample):<26}bundled    {sample.card['title']}")
        made_here = samples.generated(name)
        if made_here.is_complete:
            print(f"  {'':<16}{_stock(made_here):<26}generated  {made_here.path}")
    print("\nPublic data sets, fetched on request: hepml data fetch NAME")
    for name, entry in registry.public_sets().items():
        here = sum(registry.is_here(registry.place(name) / file.name) for file in entry.files)
        present = f"{here} of {len(entry.files)} files here"
        print(f"  {name:<22}{entry.volume:>12}  {present:<21}{entry.title}")
        print(f"  {'':<57}{entry.licence}")
    where = files.data_folder()
    print(f"\nGenerated and fetched samples are kept in {where} (HEPML_DATA moves them).")
    return 0


def _stock(sample: samples.Sample) -> str:
    """Number of rows and size of a sample."""
    size = sample.path.stat().st_size / 1e6 if sample.path.is_file() else 0
    return f"{len(sample):>8} {UNITS[sample.card['container']]:<8}{size:>6.1f} MB  "


def _info(arguments: argparse.Namespace) -> int:
    if arguments.name in registry.public_sets():
        return _info_public(registry.dataset(arguments.name))
    for key, value in _sample(arguments.name).card.items():
        print(f"{key:>10}: {value if isinstance(value, str) else json.dumps(value)}")
    return 0


def _info_public(entry: registry.PublicSet) -> int:
    for key in ("title", "page", "licence", "citation", "themes", "notes", "default"):
        value = getattr(entry, key)
        print(f"{key:>10}: {value if isinstance(value, str) else '; '.join(value)}")
    for file in entry.files:
        mark = "" if file.hash else "hash unverified"
        print(f"  {file.name:<60} {file.volume:>12}  {mark:<16}{file.note}".rstrip())
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    entry = registry.dataset(arguments.name)
    print(f"{entry.title}: {entry.licence}; cite {', '.join(entry.citation)}")
    for path in registry.fetch(arguments.name, arguments.files, arguments.out):
        print(path)
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
    from data_fetch.generate.sample_files import agreement

    share = agreement(_sample(name), n)
    print(f"{name}: {share:.1%} of the first {n} rows came out again bit for bit")
    if share < 1:
        made_on = _sample(name).card["platform"]
        print(f"  the sample was made on {made_on}; other processors may round differently")
    return share == 1


def _generate(arguments: argparse.Namespace) -> int:
    from data_fetch.generate import sample_files

    name = arguments.name
    n = arguments.events
    workers = arguments.workers
    if arguments.packed:
        folder = arguments.out or Path.cwd()
        sample = sample_files.bundle(name, n, arguments.seed, workers, folder)
    else:
        sample = sample_files.generate(
            name, n, arguments.seed, workers, arguments.out, arguments.scheduler
        )
    print(f"{sample.path}: {n} rows, {sample.path.stat().st_size / 1e6:.1f} MB")
    return 0


def _sample(name: str) -> samples.Packed:
    known = samples.bundled()
    if name not in known:
        everything = ", ".join([*known, *registry.public_sets()])
        raise ValueError(f"unknown sample {name!r}; choose one of: {everything}")
    return known[name]
