"""The command ``hepml``, assembled from the entry points of the installed packages.

Each entry point of the group ``hepml.commands`` is a function ``add_x(subparsers)`` that adds one
sub-parser and sets its ``run``, a function of the parsed arguments that returns the exit code.
"""

import argparse
import io
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import NoReturn


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``hepml`` and return its exit code; a user's mistake gives one line and the code 2."""
    _write_any_text()
    _end_in_order_when_told()
    try:
        parser = make_parser(entry_points(group="hepml.commands"))
        code = _run(parser, arguments)
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # of `hepml ... | head`: the reader has seen enough
        _discard_output()
        return 141
    except (ValueError, OSError) as error:
        print(f"hepml: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nhepml: stopped.", file=sys.stderr)
        return 130


def _run(parser: argparse.ArgumentParser, arguments: Sequence[str] | None) -> int:
    options, extra = parser.parse_known_args(arguments)
    if not hasattr(options, "run"):
        parser.print_help()
        return 0
    if extra and not hasattr(options, "extra"):
        parser.error(f"unrecognised arguments: {' '.join(extra)}")
    options.extra = extra
    return options.run(options)


def _write_any_text() -> None:
    """Let a terminal without Greek letters show a question mark instead of a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _end_in_order_when_told() -> None:
    """Let the signal of `kill` end the command as an exception, so that it removes its folders."""

    def leave(number: int, _: object) -> None:
        sys.exit(128 + number)

    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, leave)


def _discard_output() -> None:
    """Send what is left to nowhere: else Python complains once more when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line: what is wrong, and where the options are listed."""

    def error(self, message: str) -> NoReturn:
        """Print the message and leave with the code 2."""
        self.exit(2, f"{self.prog}: {message} ({self.prog} --help lists the options)\n")


def make_parser(commands: Iterable[EntryPoint]) -> argparse.ArgumentParser:
    """Return the parser with all commands; a command that cannot be loaded is named and skipped."""
    parser = Parser(
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
