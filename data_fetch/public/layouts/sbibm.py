"""The tasks of sbibm: observations, their true parameters, and draws of reference posteriors.

The repository has for each task and each of ten observations a folder `num_observation_<k>` with

    observation.csv                          one row data_1, data_2, ...
    true_parameters.csv                      one row parameter_1, parameter_2, ...
    reference_posterior_samples.csv.bz2      10 000 rows of the same columns

(Lueckmann, Boelts, Greenberg, Goncalves, Macke, arXiv:2101.04653). `read` gives the rows of one
table, `reference` the three tables of an observation.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from hepml_lite.containers.events import Events
from hepml_lite.statistics.settings_checks import checked_count

NAMES = ("reference",)
PREFIXES = ("data_", "parameter_")


@dataclass(frozen=True)
class Reference:
    """One observation of a task.

    Attributes:
        observation: (D,).
        truth: the parameters (P,) that it was simulated with.
        draws: of the reference posterior (S, P).
    """

    observation: np.ndarray
    truth: np.ndarray
    draws: np.ndarray


def reference(folder: Path, task: str, number: int) -> Reference:
    """Read observation 1 to 10 of a task.

    Args:
        folder: that was fetched and unpacked; the folders of the tasks may lie anywhere below it.
        task: such as "two_moons".
        number: of the observation, from 1 on.

    Raises:
        FileNotFoundError: the folder has no such observation.
        ValueError: a table has other columns.
    """
    chosen = checked_count("number", number)
    pattern = f"**/tasks/{task}/files/num_observation_{chosen}"
    places = sorted(Path(folder).glob(pattern))
    if not places:
        raise FileNotFoundError(
            f"{folder} has no {pattern}: fetch sbibm_references, and give the folder of its archive"
        )
    tables = [
        _table(places[0] / name).to_numpy(float)
        for name in (
            "observation.csv",
            "true_parameters.csv",
            "reference_posterior_samples.csv.bz2",
        )
    ]
    observation, truth, draws = tables
    return Reference(observation[0], truth[0], draws)


def read(path: Path, start: int = 0, stop: int | None = None) -> Events:
    """Rows `start` to `stop` of one table, with its column names.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is damaged or has other columns.
    """
    table = _table(path).iloc[start:stop]
    return Events(table.to_numpy(float), tuple(table.columns), names=NAMES)


def count(path: Path) -> int:
    """Number of rows of a table."""
    return len(_table(path))


def _table(path: Path) -> pd.DataFrame:
    if not Path(path).is_file():
        raise FileNotFoundError(f"{path} is not there: fetch it again")
    try:
        table = pd.read_csv(path).astype(float)  # the suffix says whether it is compressed
    except (OSError, ValueError, pd.errors.ParserError) as error:
        raise ValueError(f"{path} is no table of sbibm ({error}): fetch it again") from error
    columns = [str(column) for column in table.columns]
    if not columns or not all(column.startswith(PREFIXES) for column in columns):
        raise ValueError(
            f"{path} has the columns {columns[:3]}: those of sbibm are data_1, ... or "
            "parameter_1, ..."
        )
    if table.empty or table.isna().to_numpy().any():
        raise ValueError(f"{path} has no rows or empty entries: fetch it again")
    return table
