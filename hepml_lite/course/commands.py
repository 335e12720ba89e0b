"""``hepml lab``, ``demo``, ``run`` and ``course``: what they accept and print.

The modules that do the work are imported only when needed, so that ``hepml --help`` is quick.
"""

import argparse
import ast
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hepml_lite.course.arguments import seconds, seed
from hepml_lite.course.paths import (
    checkout,
    course_name,
    entries,
    find_entry,
    find_notebook,
    folder_to_open,
    output_folder,
    root,
)
from hepml_lite.files import require_writable

if TYPE_CHECKING:
    from hepml_lite.course.run import Run

_profiles = "smoke (seconds), lesson (the class, the default) or paper (GPU, a large sample)"


def add_lab(subparsers: argparse._SubParsersAction) -> None:
    """Add ``hepml lab [ARGUMENTS OF JUPYTERLAB]``."""
    parser = subparsers.add_parser(
        "lab",
        help="open the course in JupyterLab",
        description="Open the course in JupyterLab, ready for a room without network. "
        "Further arguments go to JupyterLab, for instance --no-browser.",
    )
    parser.set_defaults(run=_lab, extra=[])


def _lab(options: argparse.Namespace) -> int:
    from hepml_lite.course.machine import kernel_environment

    folder, first = folder_to_open()
    # a notebook as argument would make its folder the root: pictures outside it would not load
    page = f"--LabApp.default_url=/lab/tree/{first}"
    command = [sys.executable, "-m", "jupyterlab", page, *_root_options(options.extra)]
    environment = kernel_environment(os.environ)
    # else JupyterLab asks about news, over the first lesson
    paths = [str(Path(__file__).parent / "jupyter"), environment.get("JUPYTER_CONFIG_PATH", "")]
    environment["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, paths))
    if os.name == "posix":  # this process becomes JupyterLab, so stopping one stops the other
        os.chdir(folder)
        os.execve(sys.executable, command, environment)
    return subprocess.call(command, cwd=folder, env=environment)


def _root_options(arguments: Sequence[str]) -> list[str]:
    """Return the arguments; root also gets ``--allow-root``, which JupyterLab requires of root."""
    if not (hasattr(os, "geteuid") and os.geteuid() == 0) or "--allow-root" in arguments:
        return list(arguments)
    print("hepml: running as root, so JupyterLab is told --allow-root.", flush=True)
    return ["--allow-root", *arguments]


def add_demo(subparsers: argparse._SubParsersAction) -> None:
    """Add ``hepml demo``."""
    parser = subparsers.add_parser(
        "demo",
        help="run the first notebook to the end and write a page: for a machine without a screen",
    )
    parser.add_argument("--profile", default="lesson", help=_profiles)
    parser.add_argument("--output", type=Path, metavar="DIR", help="default: output/")
    parser.set_defaults(run=_demo)


def _demo(options: argparse.Namespace) -> int:
    from hepml_lite.course.header import read_budget, spell_cost
    from hepml_lite.course.run import execute, save

    base = root()
    first = entries(base)[0]
    notebook = find_notebook(first.name)
    cost = read_budget(base).get(first.name, {}).get(options.profile)
    folder = _writable_output(options.output)
    print(f"Running {notebook.name} (profile {options.profile}). {spell_cost(cost)}", flush=True)
    run = execute(notebook, profile=options.profile, progress=True)
    copy, page = save(run, folder, course_name(notebook))
    if run.error:
        print(f"As far as it came: {page.resolve()}")
        return _exit_code(run, notebook)
    print(f"All cells ran, in {run.seconds:.0f} s. To look at the page, open it in a browser:")
    print(f"  {page.resolve()}")
    print(f"The notebook with its results: {copy.resolve()}")
    return 0


def add_run(subparsers: argparse._SubParsersAction) -> None:
    """Add ``hepml run NOTEBOOK``."""
    parser = subparsers.add_parser(
        "run", help="run a notebook and keep its results as notebook and page"
    )
    parser.add_argument("notebook", help="name, for instance 00_start_here, or path")
    parser.add_argument("--profile", default="lesson", help=_profiles)
    parser.add_argument("--seed", type=seed, metavar="N", help="replaces SEED")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="replaces a parameter"
    )
    parser.add_argument("--output", type=Path, metavar="DIR", help="default: output/")
    parser.add_argument("--timeout", type=seconds, metavar="SECONDS", help="limit for each cell")
    parser.add_argument(
        "--strict", action="store_true", help="a wrong or open exercise is an error"
    )
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from hepml_lite.course.run import execute, save

    notebook = find_notebook(options.notebook)
    folder = _writable_output(options.output)
    run = execute(
        notebook,
        profile=options.profile,
        seed=options.seed,
        parameters=dict(_assignment(text) for text in options.set),
        strict=options.strict,
        timeout=options.timeout,
        progress=sys.stderr.isatty(),  # no progress bar in a log: a good run is silent
    )
    for path in save(run, folder, course_name(notebook)):
        print(path)
    print(f"{run.seconds:.0f} s, {run.megabytes:.0f} MB at most (profile {options.profile})")
    return _exit_code(run, notebook)


def _writable_output(chosen: Path | None) -> Path:
    """Return the folder of results; that it can be written is checked before the notebook runs."""
    folder = chosen or output_folder()
    try:
        require_writable(folder)
    except OSError as problem:
        raise OSError(f"{problem} Name another folder with --output DIR.") from problem
    return folder


def _exit_code(run: "Run", notebook: Path) -> int:
    """Print the error of a run, if there is one, and return the exit code."""
    if run.error:
        print(f"hepml: {notebook.name}: {run.error}", file=sys.stderr)
    return 1 if run.error else 0


def _assignment(text: str) -> tuple[str, object]:
    """Split "NAME=VALUE"; the value is read as a Python literal if possible, else as text."""
    name, sign, value = text.partition("=")
    if not (sign and name.isidentifier()):
        raise ValueError(f"--set {text}: write it as NAME=VALUE, for instance --set N_JETS=2000.")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return name, value


def add_course(subparsers: argparse._SubParsersAction) -> None:
    """Add ``hepml course build|student|solved|budget|checks``, for authors and teachers."""
    parser = subparsers.add_parser("course", help="for authors and teachers: build, export, time")
    actions = parser.add_subparsers(title="actions", required=True, metavar="ACTION")

    build = actions.add_parser("build", help="write notebooks/*.ipynb from notebooks/source")
    build.add_argument("--check", action="store_true", help="change nothing; exit 1 if stale")
    build.add_argument("--execute", action="store_true", help="make the compared outputs anew")
    build.set_defaults(run=_build)

    for kind, what in (("student", "without solutions"), ("solved", "with the exercises solved")):
        export = actions.add_parser(kind, help=f"write copies {what}")
        export.add_argument("folder", type=Path, metavar="OUT")
        export.set_defaults(run=_export, kind=kind)

    budget = actions.add_parser("budget", help="measure time and memory of the notebooks")
    budget.add_argument("notebooks", nargs="*", help="names; default: all")
    budget.add_argument("--profile", default="lesson", help=_profiles)
    budget.set_defaults(run=_budget)

    checks = actions.add_parser("checks", help="try typical wrong answers on the exercises' checks")
    checks.add_argument("exercises", nargs="*", help="ids such as 4.2; default: all")
    checks.set_defaults(run=_checks)


def _build(options: argparse.Namespace) -> int:
    from hepml_lite.course.build import Course

    course = Course(checkout())
    if options.check:
        stale = course.stale()
        for path in stale:
            print(f"{path.relative_to(course.base)} is stale; run: hepml course build")
        return 1 if stale else 0
    require_writable(course.base / "notebooks")
    for path in course.write():
        print(path.relative_to(course.base))
    failures = course.remake_outputs() if options.execute else []
    for failure in failures:
        print(f"hepml: {failure}", file=sys.stderr)
    for name in course.nothing_to_compare():
        print(f"{name}: no output to compare with yet; run: hepml course build --execute")
    return 1 if failures else 0


def _export(options: argparse.Namespace) -> int:
    from hepml_lite.course.build import Course

    course = Course(root())
    require_writable(options.folder)
    for path in course.export(options.folder, getattr(course, options.kind)):
        print(path)
    return 0


def _budget(options: argparse.Namespace) -> int:
    from hepml_lite.course.budget import measure

    base = checkout()
    require_writable(base / "notebooks")
    chosen = [find_entry(name, base) for name in options.notebooks] or entries(base)
    failures = measure(base, chosen, options.profile)
    print("The notebooks and README.md carry these numbers after: hepml course build")
    return 1 if failures else 0


def _checks(options: argparse.Namespace) -> int:
    from hepml_lite.checks import exercise_ids
    from hepml_lite.course import catalogue

    catalogues = catalogue.read(root() / catalogue.FOLDER)
    chosen = options.exercises or sorted(catalogues)
    unknown = [exercise for exercise in chosen if exercise not in catalogues]
    if unknown:
        raise ValueError(
            f"no catalogue for {', '.join(unknown)}: write one in {catalogue.FOLDER}, or choose of "
            f"{', '.join(sorted(catalogues))}."
        )
    trials = [trial for exercise in chosen for trial in catalogue.tried(catalogues[exercise])]
    print(catalogue.table(trials))
    without = sorted(set(exercise_ids()) - set(catalogues))
    if without and not options.exercises:
        print(f"without a catalogue: {', '.join(without)}")
    tally = catalogue.Tally.of(trials)
    print(tally)
    return 0 if tally.is_good else 1
