"""The texts of "Parameters without a likelihood": live lines, tables, keys of the figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, NamedTuple

from hepml_lite.inference import failures
from hepml_lite.inference.classical.nuisances import Curve
from widgets.inference import coupling, gallery, peak
from widgets.shared.style import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    PURPLE,
    SKY,
    VERMILLION,
    swatch,
    table,
)

if TYPE_CHECKING:
    from widgets.inference.coupling_view import CouplingState
    from widgets.inference.gallery_view import GalleryState
    from widgets.inference.peak_view import PeakState

SIGNIFICANT = 3.0  # binomial standard deviations of a coverage
WIDER = 1.15  # a width over that of the reference, before it is told
COMMON_KEY = (
    f"{swatch(VERMILLION, '━')} chosen method (strip: its 68 % interval) &ensp; "
    f"{swatch(GREY, '━')} {{reference}} &ensp; {swatch(BLUE, '┈ ✕')} truth"
)
PEAK_KEY = (
    COMMON_KEY.format(reference="exact likelihood")
    + f" &ensp; cost: {swatch(GREY, '━')} CARL {swatch(ORANGE, '╌╌')} ROLR "
    f"{swatch(SKY, '┈┈')} ALICE {swatch(PURPLE, '╌┈')} RASCAL {swatch(GREEN, '━')} ALICES"
)
COUPLING_KEY = COMMON_KEY.format(reference="learned features") + (
    f" &ensp; shapes: {swatch(VERMILLION, '●')} this set {swatch(BLUE, '┈┈')} mean of all sets"
)
GALLERY_KEY = (
    f"draws: {swatch(GREY, '●')} exact {swatch(VERMILLION, '▲')} estimate {swatch(BLUE, '✕')} data "
    f"{swatch(BLUE, '┈┈')} prior &ensp; ranks: {swatch(VERMILLION, '━')} θ₁ "
    f"{swatch(ORANGE, '╌╌')} θ₂ &ensp; TARP: {swatch(VERMILLION, '━')} references near the data "
    f"{swatch(ORANGE, '╌╌')} random references"
)
PEAK_ABOUT = (
    "A Gaussian peak (5 ± 0.5) over an exponential (slope 4), masses from 0 to 10 in 100 bins. "
    "Nature's slope is drawn from a Gaussian prior of the chosen width. Coverage: 400 experiments "
    "with fractions uniform from 0 to 0.5; the grey band is two binomial errors. The ratios saw "
    "single events with slopes from 2 to 6; log L is their sum over the events. Flow and ABC saw "
    "sets of 10 to 1000 events, and their answers are stored. Posteriors have a flat prior of the "
    "fraction. The window is 4 to 6. Cost: mean over three trainings."
)
COUPLING_ABOUT = (
    "Sets of e⁺e⁻ → hadrons at 91.2 GeV, Pythia 8, without a detector: test split of ee_shapes. "
    "αS is that of the shower, uniform from 0.100 to 0.145; a of the Lund fragmentation is uniform "
    "from 0.4 to 1, and another measurement of it is a part of the data. The learned features are "
    "those of a network for single events, averaged over the set. All summaries have the Gaussian "
    "likelihood of their means. The flow knows the flat prior of a only, and is stored. The "
    "figures of the shapes show all 400 events of the set."
)
GALLERY_ABOUT = (
    "Two parameters, uniform from −1 to 1, measured with a noise of 0.3. The exact posterior is "
    "known, and the estimate is wrong on purpose. Checks of the mean use 400 simulations with 100 "
    "draws. A check finds a fault at p &lt; 0.0027; the local test and the checks of the data at "
    "1 to 5 %; importance weights below 50 % of the draws, the classifier above 0.55. Local test "
    "and classifier are trained, so they are stored: for bias and width without another failure, "
    "and for each failure alone."
)
FIXED = {
    "peak_key": PEAK_KEY,
    "peak_about": PEAK_ABOUT,
    "z_key": COUPLING_KEY,
    "z_about": COUPLING_ABOUT,
    "gallery_key": GALLERY_KEY,
    "gallery_about": GALLERY_ABOUT,
}
SHORT = {  # names of checks that fit a phone
    "simulation-based calibration": "ranks (SBC)",
    "TARP, random references": "TARP, random",
    "TARP, references near the data": "TARP, near the data",
    "posterior predictive check": "posterior predictive",
    gallery.CLASSIFIER: "classifier, exact draws",
}
LESSONS = {
    gallery.RIGHT: "Nothing is wrong, so a check that finds something here would be wrong itself.",
    gallery.BIASED: "A shift shows as a slope of the ranks. Balls around random points miss it.",
    gallery.NARROW: "Ranks pile up at both ends: the truth is too often outside of all draws.",
    "leakage": (
        "The ranks are uniform, although draws are outside the prior: count those, or cut them off."
    ),
    "outlier scaling": (
        "The estimate knows nothing of θ₂ but the prior, and that passes all checks but TARP with "
        "references near the data and those that know the exact answer."
    ),
    "constant feature": (
        "The simulation never shows this fault, so no check on simulations can: compare the data "
        "with the simulations first."
    ),
    "prior edge": (
        "The posterior is right for this prior, and yet wrong: only checks that look at the data "
        "can see it."
    ),
}


class MethodRow(NamedTuple):
    """A method in a table.

    Attributes:
        name: of the method.
        interval: its 68 % interval.
        coverage: over the experiments.
    """

    name: str
    interval: tuple[float, float]
    coverage: peak.Coverage


def peak_line(
    state: PeakState, found: Curve, interval: tuple[float, float], coverage: peak.Coverage
) -> str:
    """What the first screen shows, in words."""
    low, high = interval
    text = (
        f"<b>{_capital(state.method)}: signal fraction {found.best:.3f}, 68 % interval "
        f"{low:.3f} to {high:.3f}; the truth is {state.fraction:g}.</b> "
        f"{_covered(coverage, peak.N_EXPERIMENTS)}"
    )
    return f"{text} <i>{_peak_lesson(state, coverage)}</i>"


def _peak_lesson(state: PeakState, coverage: peak.Coverage) -> str:
    is_low = _is_off(coverage, peak.N_EXPERIMENTS) and coverage.at_68 < 0.68
    if state.ignored and state.width:
        if is_low:
            return "The fit takes the slope as known, and nature's is another: intervals too short."
        return "The fit takes the slope as known; with so few events the statistics hide that."
    if state.method in (peak.RATIO, peak.SMALL_RATIO) and is_low:
        return "Small errors of a ratio are the same in all events, so their sum grows with N."
    if state.method == peak.COUNTING:
        return "A count in a window needs the background, and so the slope."
    if state.width and state.treatment == peak.PROFILED:
        return "Profiling takes the best slope for each fraction."
    if state.width:
        return "Marginalising averages over the slopes of the prior."
    return "The slope is known: only the number of events decides the width."


def peak_table(rows: Sequence[MethodRow], simulations: Mapping[str, str]) -> str:
    """The methods of the first screen on the same data."""
    header = ("method", "68 % interval", "coverage", "half width", "simulated")
    cells = [(*_cells(row, 3, peak.N_EXPERIMENTS), simulations[row.name]) for row in rows]
    return table(header, cells)


def coupling_line(
    state: CouplingState,
    one: coupling.TestSet,
    found: Curve,
    interval: tuple[float, float],
    coverage: peak.Coverage,
) -> str:
    """What the second screen shows, in words."""
    low, high = interval
    text = (
        f"<b>{_capital(state.method)}, {state.events} Z decays: αS = {found.best:.4f}, "
        f"68 % interval {low:.4f} to {high:.4f}; the truth is {one.alpha_s:.4f}.</b> "
        f"{_covered(coverage, 1000)}"
    )
    return f"{text} <i>{_coupling_lesson(state, coverage)}</i>"


def _coupling_lesson(state: CouplingState, coverage: peak.Coverage) -> str:
    learned = coupling.coverage(coupling.LEARNED, state.events, state.width, state.treatment)
    ratio = coverage.half_width / learned.half_width
    if state.method == coupling.LEARNED:
        return "The prior of a is a part of the answer: change it and watch the width."
    if ratio > WIDER:
        return f"The interval is {ratio:.1f} times as wide as that of the learned features."
    return "It is about as narrow as the learned features."


def no_answer(method: str, reason: str) -> str:
    """The line where a method has no answer."""
    return f"<b>{_capital(method)}: there is no answer here.</b> {_capital(reason)}."


def coupling_table(rows: Sequence[MethodRow]) -> str:
    """The summaries of the second screen on the same set."""
    header = ("summary", "68 % interval", "coverage", "half width")
    return table(header, [_cells(row, 4, 1000) for row in rows])


def gallery_line(state: GalleryState, shown: gallery.Shown) -> str:
    """What the third screen shows, in words."""
    found = sum(finding.found for finding in shown.findings)
    names = [f"{symbol} {one.name}" for symbol, one in zip("₁₂", shown.diagnoses, strict=True)]
    told = "; ".join(f"θ{name}" for name in names)
    return (
        f"<b>{_capital(state.failure)}: {found} of {len(shown.findings)} checks find a fault.</b> "
        f"The ranks say: {told}. <i>{LESSONS[state.failure]}</i>"
    )


def gallery_table(findings: Sequence[failures.Finding]) -> str:
    """What each check says."""
    rows = []
    for finding in findings:
        verdict = "<b>finds it</b>" if finding.found else "nothing"
        check = SHORT.get(finding.check, finding.check)
        rows.append((check, escape(finding.says), verdict))
    return table(("check", "says", "sees"), rows)


def _cells(row: MethodRow, digits: int, n: int) -> tuple[str, ...]:
    low, high = row.interval
    share = 100 * row.coverage.at_68
    error = 100 * (0.68 * 0.32 / n) ** 0.5
    return (
        row.name,
        f"{low:.{digits}f} – {high:.{digits}f}",
        f"{share:.0f} ± {error:.0f} %",
        f"{row.coverage.half_width:.{digits}f}",
    )


def _covered(coverage: peak.Coverage, n: int) -> str:
    share = f"Intervals of 68 % hold the truth in {100 * coverage.at_68:.0f} % of {n} experiments"
    if not _is_off(coverage, n):
        return f"{share}, as they should."
    return f"{share}: {'too rarely' if coverage.at_68 < 0.68 else 'more often than needed'}."


def _is_off(coverage: peak.Coverage, n: int) -> bool:
    return abs(coverage.at_68 - 0.68) > SIGNIFICANT * (0.68 * 0.32 / n) ** 0.5


def _capital(text: str) -> str:
    """The first letter large, without a change of the others."""
    return text[0].upper() + text[1:]
