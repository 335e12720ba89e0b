"""The choice between the readable path of a network and its faster equivalent.

A fast path may call private functions of PyTorch, which may change with its version. Each path
registers a check, which tries these functions on a few numbers. If a function is missing, fails or
gives wrong numbers, the network takes the readable path.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

SWITCH = "HEPML_READABLE"  # environment variable: with the value 1, no fast path is taken

_checks: dict[str, Callable[[], str | None]] = {}
_problems: dict[str, str] = {}  # the result of each check after its first use; "" if all is well
_n_readable = 0  # blocks `with readable():` that are open


def register(name: str, check: Callable[[], str | None]) -> None:
    """Add a fast path, usually named as its module in `hepml_lite.networks.fast`.

    Args:
        name: the argument of `in_use`.
        check: called once, when it is first needed. It returns why the path cannot be used, or
            nothing; an exception counts as a reason, too. It should be quick and draw no random
            numbers. It looks up private functions itself, because they may be missing.
    """
    _checks[name] = check
    _problems.pop(name, None)


def in_use(name: str) -> bool:
    """Whether networks take the fast path `name` now.

    They do not if its check fails, if the environment variable HEPML_READABLE is 1, or inside
    `with readable():`.

    Raises:
        ValueError: no fast path has this name.
    """
    return not _n_readable and os.environ.get(SWITCH) != "1" and not _problem(name)


@contextmanager
def readable() -> Iterator[None]:
    """Take the readable path of every network inside this block: for tests and lessons."""
    global _n_readable
    _n_readable += 1
    try:
        yield
    finally:
        _n_readable -= 1


def report() -> list[tuple[str, str, str]]:
    """Name, path in use ("fast" or "readable") and the reason, for each fast path."""
    rows = []
    for name in sorted(_checks):
        reason = _reason(name)
        rows.append((name, "readable" if reason else "fast", reason or "its check passed"))
    return rows


def check_again() -> None:
    """Forget the results of the checks, so that each runs again when it is next needed."""
    _problems.clear()


def _reason(name: str) -> str:
    """The reason why the path is not taken; empty if it is."""
    if _n_readable:
        return "inside `with readable():`"
    if os.environ.get(SWITCH) == "1":
        return f"{SWITCH}=1 is set"
    return _problem(name)


def _problem(name: str) -> str:
    """The result of the check of a fast path, which runs only once."""
    if name not in _problems:
        if name not in _checks:
            raise ValueError(f"fast path {name!r}: give one of {', '.join(sorted(_checks))}.")
        _problems[name] = _found(_checks[name])
    return _problems[name]


def _found(check: Callable[[], str | None]) -> str:
    try:
        with torch.no_grad(), torch.autocast("cpu", enabled=False):
            problem = check()
    except Exception as error:  # a changed private function may raise anything
        problem = f"{type(error).__name__}: {error}"
    return f"torch {torch.__version__}: {problem}" if problem else ""
