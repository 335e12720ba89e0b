"""Catalogues of typical answers: what the check of an exercise says to each of them.

A catalogue lists wrong answers as code, each with a pattern that its diagnosis must match, and
other conventions that are right as well. `hepml course checks` tries them all. In
``tests/catalogues/<theme>.py``::

    from hepml_lite.course.catalogue import Catalogue

    catalogue = Catalogue("4.1", context=dict(measured=measured))

    @catalogue.wrong("divide.*efficiency")
    def misses_forgotten(response, measured):
        return response.T @ measured

    @catalogue.right
    def with_einsum(response, measured): ...

An answer that is no function is added by `catalogue.wrong_value` or `catalogue.right_value`.
"""

import importlib.util
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import pandas as pd

from hepml_lite.checks import judge

FOLDER = "tests/catalogues"
FEWEST = 8  # wrong answers in a catalogue
NAMED_SHARE = 0.8  # of the wrong answers, at least
OUTCOMES = ("named", "generic", "misleading", "false accept", "false reject", "right")

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True)
class WrongAnswer:
    """A typical wrong answer, and a regular expression that names its mistake."""

    name: str
    answer: Any
    diagnosis: str


@dataclass
class Catalogue:
    """Typical answers to one exercise.

    Attributes:
        exercise: its number, such as "4.1".
        context: the notebook's data that its check needs, by keyword.
        wrong_answers: with the diagnosis that each must get.
        right_answers: other ways to write a right answer, by name.
    """

    exercise: str
    context: Mapping[str, Any] = field(default_factory=dict)
    wrong_answers: list[WrongAnswer] = field(default_factory=list, init=False)
    right_answers: dict[str, Any] = field(default_factory=dict, init=False)

    def wrong(self, diagnosis: str) -> Callable[[Function], Function]:
        """Add the decorated function as a wrong answer; `diagnosis` matches what it must hear."""

        def add(answer: Function) -> Function:
            self.wrong_value(answer.__name__, answer, diagnosis)
            return answer

        return add

    def right(self, answer: Function) -> Function:
        """Add the decorated function as an answer that is right as well."""
        self.right_value(answer.__name__, answer)
        return answer

    def wrong_value(self, name: str, answer: Any, diagnosis: str) -> None:
        """Add a wrong answer of any kind."""
        self.wrong_answers.append(WrongAnswer(name.replace("_", " "), answer, diagnosis))

    def right_value(self, name: str, answer: Any) -> None:
        """Add an answer of any kind that is right as well."""
        self.right_answers[name.replace("_", " ")] = answer


@dataclass(frozen=True)
class Trial:
    """What the check said to one answer.

    Attributes:
        exercise: its number.
        answer: name of the answer in its catalogue.
        outcome: of `OUTCOMES`. A diagnosis is misleading if it is that of another wrong answer.
        message: the check's text.
    """

    exercise: str
    answer: str
    outcome: str
    message: str


@dataclass(frozen=True)
class Tally:
    """How many answers had which outcome."""

    counts: Mapping[str, int]

    @classmethod
    def of(cls, trials: Sequence[Trial]) -> Self:
        """Count the outcomes of trials."""
        return cls(Counter(trial.outcome for trial in trials))

    @property
    def n_wrong(self) -> int:
        """Number of wrong answers tried."""
        return sum(self._count(name) for name in OUTCOMES[:4])

    @property
    def is_good(self) -> bool:
        """Whether enough mistakes are named, and no answer is misjudged or misled."""
        faults = sum(self._count(name) for name in OUTCOMES[2:5])
        return faults == 0 and self._count("named") >= NAMED_SHARE * self.n_wrong

    def _count(self, outcome: str) -> int:
        return self.counts.get(outcome, 0)

    def __str__(self) -> str:
        return (
            f"named {self._count('named')} of {self.n_wrong}, generic {self._count('generic')}, "
            f"misleading {self._count('misleading')}, false accepts {self._count('false accept')}, "
            f"false rejects {self._count('false reject')}"
        )


def read(folder: Path) -> dict[str, Catalogue]:
    """All catalogues of the modules in a folder, by exercise.

    Raises:
        FileNotFoundError: if there is no such folder; an installed course has no tests.
        ValueError: if an exercise has two catalogues.
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"no folder {folder}: run this in a checkout of the course.")
    found: dict[str, Catalogue] = {}
    for path in sorted(folder.glob("[!_]*.py")):
        for catalogue in _catalogues(path):
            if catalogue.exercise in found:
                raise ValueError(f"{path}: exercise {catalogue.exercise} has a catalogue already.")
            found[catalogue.exercise] = catalogue
    return found


def tried(catalogue: Catalogue) -> list[Trial]:
    """What the check says to every answer of a catalogue."""
    trials = [_try_wrong(catalogue, wrong) for wrong in catalogue.wrong_answers]
    for name, answer in catalogue.right_answers.items():
        verdict, message = judge(catalogue.exercise, answer, **catalogue.context)
        outcome = "right" if verdict == "right" else "false reject"
        trials.append(Trial(catalogue.exercise, name, outcome, message))
    return trials


def table(trials: Sequence[Trial]) -> str:
    """One line for each answer: exercise, name, outcome, and the beginning of the message."""
    frame = pd.DataFrame(trials)
    frame["message"] = frame["message"].str.slice(0, 90)
    return frame.to_string(index=False, justify="left")


def _try_wrong(catalogue: Catalogue, wrong: WrongAnswer) -> Trial:
    verdict, message = judge(catalogue.exercise, wrong.answer, **catalogue.context)
    if verdict == "right":
        outcome = "false accept"
    elif re.search(wrong.diagnosis, message):
        outcome = "named"
    elif any(re.search(other.diagnosis, message) for other in catalogue.wrong_answers):
        outcome = "misleading"
    else:
        outcome = "generic"
    return Trial(catalogue.exercise, wrong.name, outcome, message)


def _catalogues(path: Path) -> list[Catalogue]:
    """The catalogues that a module defines."""
    spec = importlib.util.spec_from_file_location(f"catalogues_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ValueError(f"{path} cannot be imported as a module.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return [value for value in vars(module).values() if isinstance(value, Catalogue)]
