"""The text of the dashboard "Cut or learn?": the live line, the table, a jet in words."""

import math
from typing import Any

from hepml_lite.containers.scored_jets import ScoredJets
from hepml_lite.statistics.equal_efficiency import Comparison
from hepml_lite.statistics.intervals import Interval
from hepml_lite.statistics.working_point import WorkingPoint
from widgets.shared.style import CUT, NETWORK, ORANGE, swatch, table

SELECTIONS = {
    "cut": swatch(CUT, "■") + " mass window",
    "network": swatch(NETWORK, "●") + " network",
    "both": swatch(ORANGE, "▲") + " both",
}


EFFICIENCIES = ("selection", "ε<sub>S</sub>", "ε<sub>B</sub>", "1/ε<sub>B</sub>")

# Also filled in by stored/start_here.js, at {} from left to right
WORDS: dict[str, Any] = {
    "empty": "No top jet is inside the mass window: widen it.",
    "at": "At the signal efficiency of your window, {}, ",
    "too_few": "too few QCD jets pass to say which selection is better.",
    "same": (
        "both accept equally many QCD jets (ratio {}): the difference is {}&nbsp;σ, "
        "<b>no more than chance</b>."
    ),
    "better": "<b>the {} accepts {} times fewer QCD jets</b> than the {}: {}&nbsp;σ, {}.",
    "chance": ("a hint", "hardly chance", "not chance"),  # from 2, 3 and 5 sigmas on
}


def verdict(comparison: Comparison) -> str:
    """The better selection at equal signal efficiency, and whether that may be chance."""
    cut, gain, sigmas = comparison.cut, comparison.gain, abs(comparison.sigmas)
    if cut.passed_signal == 0:
        return WORDS["empty"]
    at = WORDS["at"].format(f"{cut.signal_efficiency.value:.2f}")
    if math.isnan(sigmas):
        return at + WORDS["too_few"]
    if sigmas < 2:
        return at + WORDS["same"].format(gain, f"{sigmas:.1f}")
    chance = WORDS["chance"][0 if sigmas < 3 else 1 if sigmas < 5 else 2]
    names = ("network", "window")
    if gain.value < 1:
        gain, names = gain.inverse(), names[::-1]
    return at + WORDS["better"].format(names[0], gain, names[1], f"{sigmas:.1f}", chance)


def invitation(cut: WorkingPoint) -> str:
    """The line while the network is hidden; it asks for a prediction."""
    return (
        f"Your window keeps {_percent(cut.signal_efficiency)} of the top jets and "
        f"{_percent(cut.background_efficiency)} of the QCD jets. "
        "<b>How many times fewer QCD jets would a network accept? Write down your answer.</b>"
    )


def efficiencies(points: dict[str, WorkingPoint]) -> str:
    """The table with only the efficiencies, for the file without a server."""
    return table(EFFICIENCIES, [_efficiencies(name, p) for name, p in points.items()])


def working_points(points: dict[str, WorkingPoint], expected: tuple[float, float]) -> str:
    """The table of the selections; `expected` signal and background jets before them."""
    signal, background = expected
    rows = [
        (
            *_efficiencies(name, p),
            _count(signal * p.signal_efficiency.value),
            _count(background * p.background_efficiency.value)
            if p.passed_background
            else f"&lt; {_count(background * p.background_efficiency.high)}",
            _limit(p.significance(signal, background)),
        )
        for name, p in points.items()
    ]
    return table((*EFFICIENCIES, "S", "B", "S/√B"), rows)


def _efficiencies(name: str, p: WorkingPoint) -> tuple[str, ...]:
    errors = (p.signal_efficiency, p.background_efficiency, p.background_rejection)
    return SELECTIONS[name], *map(_limit, errors)


def jet(
    label: int, mass: float, score: float | None, window: tuple[float, float], threshold: float
) -> str:
    """One jet: what it is and what each selection does with it."""
    inside = "inside" if window[0] <= mass <= window[1] else "outside"
    text = f"<b>{('QCD', 'Top')[label]} jet</b> of mass {mass:.0f} GeV: {inside} the window"
    if score is None:
        return text + "."
    verb = "accepted" if score >= threshold else "rejected"
    return (
        f"{text}; {verb} by the network with score {score:.1f}, p(top)&nbsp;{_probability(score)}."
    )


def about(results: ScoredJets) -> str:
    """The jets and the intervals from which the numbers come."""
    return (
        f"{_count(len(results.label))} test jets. Errors and bands are 68 % intervals for this "
        "sample and one training: move <i>Training</i> to see another training."
    )


def _percent(efficiency: Interval) -> str:
    return f"{100 * efficiency.value:.3g}&nbsp;%"


def _probability(score: float) -> str:
    p = 1 / (1 + math.exp(-score))
    return "&lt; 0.001" if p < 0.001 else "&gt; 0.999" if p > 0.999 else f"= {p:.3f}"


def _limit(interval: Interval) -> str:
    """Value and error, or the 68 % limit where no jet passed."""
    if not math.isfinite(interval.value):
        return f"&gt; {interval.low:.{0 if interval.low > 100 else 1}f}"
    return f"&lt; {interval.high:.5f}" if interval.value == 0 else str(interval)


def _count(n: float) -> str:
    return f"{n:,.0f}".replace(",", " ") if n < 1e6 else f"{n / 1e6:.3g} million"
