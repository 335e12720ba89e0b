"""The command ``hepml``, assembled from the entry points of the installed packages.

Each entry point of the group ``hepml.commands`` is a function ``add_x(subparsers)`` that adds one
sub-parser and sets its ``run``, a function of the parsed arguments that returns the exit code.
"""

import argparse
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``hepml`` and return its exit code; a user's mistake gives one line and the code 2."""
    parser = make_parser(entry_points(group="hepml.commands"))
    options, extra = parser.parse_known_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return 0
    if extra and not hasattr(options, "extra"):
        parser.error(f"unrecognised arguments: {' '.join(extra)}")
    options.extra = extra
    try:
        return options.run(options)
    except (ValueError, OSError) as error:
        print(f"hepml: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nhepml: stopped.", file=sys.stderr)
        return 130


def make_parser(commands: Iterable[EntryPoint]) -> argparse.ArgumentParser:
    """Return the parser with all commands; a command that cannot be loaded is named and skipped."""
    parser = argparse.ArgumentParser(
        prog="hepml", description="Machine learning in particle physics: the course's own command."
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for entry in sorted(commands, key=lambda entry: entry.name):
        try:
            entry.load()(subparsers)
        except Exception as error:  # one broken command must not stop the others
            why = f"{type(error).__name__}: {error}"
            print(f"hepml: no command {entry.name!r} ({entry.value}: {why}).", file=sys.stderr)
    return parser
