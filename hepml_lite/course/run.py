"""Run a notebook in a fresh kernel; keep an executed copy, a page, time and memory."""

import logging
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from hepml_lite.course.kernel import QuietKernelManager
from hepml_lite.course.machine import PeakMemory, environment, kernel_environment
from hepml_lite.course.page import as_page, drop_progress_bars, without_libraries
from hepml_lite.course.pictures import embed_pictures
from hepml_lite.course.source import bound_names, code_cells, has_tag, parse
from hepml_lite.files import temporary_folder, write_text
from hepml_lite.profiles import require


@dataclass(frozen=True)
class Run:
    """The results of one run of a notebook, its time and its memory."""

    notebook: NotebookNode  # executed up to its end or to the failing cell
    seconds: float  # from before the start of the kernel until after its end
    megabytes: float  # peak of the kernel and its children, see `PeakMemory`
    error: str  # empty if every cell ran; else which cell failed, and how


def execute(
    notebook: Path,
    *,
    profile: str = "lesson",
    seed: int | None = None,
    parameters: Mapping[str, Any] | None = None,
    strict: bool = False,
    timeout: float | None = None,
    progress: bool = False,
) -> Run:
    """Run `notebook` in its own folder with ``PROFILE = profile``.

    A failing cell raises nothing here: `Run.error` describes it.

    Args:
        notebook: path of the notebook.
        profile: smoke, lesson or paper.
        seed: replaces ``SEED`` of the cell tagged ``parameters``.
        parameters: replace other values of that cell.
        strict: whether a wrong answer to an exercise is an error.
        timeout: limit for each cell [s].
        progress: whether to show a progress bar.

    Raises:
        ValueError: for a profile or a parameter that the notebook does not have.
    """
    values = _parameters(notebook, profile, seed, parameters or {})
    logging.getLogger("papermill").setLevel(logging.ERROR)  # its progress bar is enough
    start = time.perf_counter()
    with temporary_folder() as folder, PeakMemory() as memory:
        copy = folder / notebook.name
        variables = kernel_environment(os.environ, strict)
        variables["HEPML_SCRIPTS"] = "inline"  # of dashboards, for the page
        with environment(variables):
            error = _run(notebook, copy, values, timeout, progress)
        executed = nbformat.read(copy, as_version=4)
    drop_progress_bars(executed)
    embed_pictures(executed, notebook.parent)
    return Run(executed, time.perf_counter() - start, memory.megabytes, error)


def save(run: Run, folder: Path, name: str) -> list[Path]:
    """Write the executed notebook and its page as ``folder/name.ipynb`` and ``.html``."""
    copy, page = folder / f"{name}.ipynb", folder / f"{name}.html"
    write_text(copy, nbformat.writes(without_libraries(run.notebook)) + "\n")
    write_text(page, as_page(run.notebook, name))
    return [copy, page]


def _parameters(notebook: Path, profile: str, seed: int | None, others: Mapping) -> dict[str, Any]:
    known = parameter_names(notebook)
    for name in others:
        if name not in known:
            raise ValueError(f"{notebook} has no parameter {name!r}; it has: {', '.join(known)}.")
    return {"PROFILE": require(profile), **({} if seed is None else {"SEED": seed}), **others}


def parameter_names(notebook: Path) -> list[str]:
    """Return the names that the cell tagged ``parameters`` sets.

    Raises:
        ValueError: if the file is no notebook, has no such cell, or the cell is no Python.
    """
    try:
        cells = nbformat.read(notebook, as_version=4).cells
    except (nbformat.ValidationError, ValueError, AttributeError, KeyError) as error:
        why = str(error).splitlines()[0]
        raise ValueError(f"{notebook} is no notebook, or is damaged ({why}).") from error
    code = [cell.source for cell in cells if has_tag(cell, "parameters")]
    if not code:
        raise ValueError(f"{notebook} has no cell tagged 'parameters': hepml course build adds it.")
    try:
        return bound_names(parse(code[0]).body)
    except SyntaxError as error:
        raise ValueError(
            f"{notebook}: the cell tagged 'parameters' is no Python, in its line {error.lineno} "
            f"({error.msg}): write lines such as SEED = 1."
        ) from error


def _run(notebook: Path, copy: Path, values: dict, timeout: float | None, progress: bool) -> str:
    """Execute with papermill, which saves `copy` before and after each cell; return the error."""
    try:
        papermill.execute_notebook(
            notebook,
            copy,
            values,
            cwd=notebook.parent,
            kernel_name="python3",  # of this environment, even if the file names another
            language="python",
            progress_bar={"desc": notebook.stem} if progress else False,
            execution_timeout=timeout,
            extra_arguments=["--log-level=40"],  # without it each kernel warns about TCP
            kernel_manager_class=QuietKernelManager,
            config=_connection_in(copy.parent),
        )
    except PapermillExecutionError as error:
        place = f"cell In [{error.exec_count}] stopped with {error.ename}: {error.evalue}"
        return f"{place}\n{_indented(error.source)}"
    except CellTimeoutError:
        return f"a cell took longer than {timeout:g} s:\n{_indented(_last_started(copy))}"
    except DeadKernelError:
        place = "the kernel died, most often because the memory was used up, in the cell"
        return f"{place}\n{_indented(_last_started(copy))}"
    return ""


def _connection_in(folder: Path) -> Config:
    """Settings that put the kernel's connection file into a folder.

    By itself Jupyter puts it among the temporary files, where that of a killed run stays for ever.
    """
    return Config({"KernelManager": {"connection_file": str(folder / "kernel.json")}})


def _last_started(copy: Path) -> str:
    """Return the code of the cell that was running when `copy` was last saved."""
    cells = [cell for _, cell in code_cells(nbformat.read(copy, as_version=4).cells)]
    started = [cell for cell in cells if cell.metadata.get("papermill", {}).get("start_time")]
    return started[-1].source if started else "(none had begun)"


def _indented(code: str, lines: int = 6) -> str:
    shown = code.splitlines()[:lines]
    more = ["…"] if len(code.splitlines()) > lines else []
    return "\n".join(f"    {line}" for line in shown + more)
