"""The text of "Which tagger, and at what price?": the live line and the table."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from hepml_lite.statistics.intervals import Interval
from widgets.shared.style import swatch, table
from widgets.tagging.columns import COLOURS, Chosen

SYMBOLS = ("●", "■", "▲", "◆")
HEADER = (
    "tagger", "size", "AUC", "ε<sub>S</sub>", "1/ε<sub>B</sub>", "JSD",
    "ε<sub>S</sub> ×", "ε<sub>B</sub> ×",
)  # fmt: skip
SENTENCES = {  # what was done, with its strength
    "energy scale up": "With all energies {:g} % too high",
    "energy scale down": "With all energies {:g} % too low",
    "energy resolution": "With the energy of each particle blurred by {:g} %",
    "lost particles": "With {:g} % of the particles lost",
    "soft threshold": "With particles below {:g} GeV lost",
    "angular resolution": "With directions blurred by {:g} mrad",
    "Vincia shower": "On jets of another parton shower, Vincia",
    "multiple interactions": "On jets with multiple interactions, which no training had",
}
SCULPTED = 2.0  # times the mean of random cuts, three of their standard deviations above it
STEADY = 2.0  # standard errors
ABOUT = (
    "{} test jets; all taggers learned from the same 30 000. Bands and bars: 68 % intervals for "
    "this test sample. Size: fitted parameters. JSD: divergence between the masses of QCD jets "
    "that pass and that fail, in bits (0: equal, 1: no overlap; in brackets: a random cut). "
    "ε ×: efficiency after the variation over the efficiency before, at the same thresholds; thin "
    "lines in the figures show the variation."
)
DASHES = {"solid": "", "dashed": "8 5", "dotdash": "2 4 8 4", "dotted": "2 4"}


class Facts(NamedTuple):
    """A chosen tagger at its threshold."""

    chosen: Chosen
    name: str
    parameters: int
    auc: Interval
    signal_efficiency: Interval
    rejection: Interval
    sculpting: tuple[float, float] | None  # Jensen-Shannon divergence, and that of a random cut
    signal_shift: Interval | None
    background_shift: Interval | None


def line(facts: Sequence[Facts], done: str | None, score: float | None) -> str:
    """A line on the jets that pass the cut, their mass, and the effect of the variation.

    Args:
        facts: of the chosen taggers, the first one first.
        done: what was varied; None for nothing.
        score: the cut, if it is the same for all taggers.
    """
    first, *others = facts
    if score is None:
        at = f"At ε<sub>S</sub>&nbsp;= {first.signal_efficiency.value:.2f}"
    else:
        at = f"Cut at p(top)&nbsp;&gt; {1 / (1 + math.exp(-score)):.2f} for all"
    text = f"{at}, <b>one QCD jet in {_rejection(first.rejection)} passes {first.name}</b>"
    if others:
        passed = [f"{f.name}: one in {_rejection(f.rejection)}" for f in others]
        text += f" ({', '.join(passed)})"
    text += f". {_sculpted(first)}"
    return f"{text} {_varied(facts, done)}" if done else text


def _sculpted(f: Facts) -> str:
    if f.sculpting is None:
        return "Too few or too many of them pass to compare their masses."
    jsd, noise = f.sculpting
    if jsd < SCULPTED * noise:
        return (
            f"Those that pass {f.name} have the same mass spectrum as those that fail, as far as "
            "one can see."
        )
    return (
        f"The masses of those that pass {f.name} are bent by {jsd:.2f} bits (a random cut: "
        f"{noise:.2f})."
    )


def _varied(facts: Sequence[Facts], done: str) -> str:
    told = sorted(
        ((f.background_shift, f.name) for f in facts if f.background_shift),
        key=lambda pair: abs(math.log(max(pair[0].value, 1e-3))),
    )
    if not told:
        return f"<b>{done}</b>: no results for these taggers."
    most, least = told[-1], told[0]
    text = f"<b>{done}</b>, at the same thresholds, the share of QCD jets that pass is × {most[0]}"
    text += f" for {most[1]}"
    if len(told) > 1:
        text += f", × {least[0]} for {least[1]}"
    steady = all(abs(shift.value - 1) < STEADY * shift.error for shift, _ in told)
    return f"{text}: no change beyond chance." if steady else f"{text}."


def taggers(facts: Iterable[Facts]) -> str:
    """The table of the chosen taggers; it scrolls where the page is too narrow for long names."""
    return table(HEADER, [_row(f) for f in facts])


def mark(number: int, dash: str) -> str:
    """Line and symbol of a slot, as in the figures."""
    line = f'<line x2="34" y1="3" y2="3" stroke-dasharray="{DASHES[dash]}" stroke-width="4" '
    svg = f'<svg width="34" height="6">{line} stroke="{COLOURS[number]}"/></svg>'
    return f'<div aria-hidden="true">{svg}<br>{swatch(COLOURS[number], SYMBOLS[number])}</div>'


def name(f: Facts) -> str:
    """The name of a tagger, after its symbol in the figures."""
    return f"{swatch(COLOURS[f.chosen.slot], SYMBOLS[f.chosen.slot])} {f.name}"


def _row(f: Facts) -> tuple[str, ...]:
    jsd = "–" if f.sculpting is None else f"{f.sculpting[0]:.2f} ({f.sculpting[1]:.2f})"
    shifts = ("–" if s is None else str(s) for s in (f.signal_shift, f.background_shift))
    rejection = _rejection(f.rejection)
    count = f"{f.parameters / 1000:.0f}k" if f.parameters >= 1000 else str(f.parameters or "–")
    return name(f), count, str(f.auc), str(f.signal_efficiency), rejection, jsd, *shifts


def _rejection(rejection: Interval) -> str:
    if not math.isfinite(rejection.value):
        return f"&gt; {rejection.low:.0f}"
    return str(rejection)
