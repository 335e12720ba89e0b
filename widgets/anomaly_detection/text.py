"""The text of "Find the bump": the live line, the table and the key of the figures."""

import html
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import norm

from hepml_lite.exact import GaussianResonance
from widgets.anomaly_detection.spectra import SMALLEST_P
from widgets.anomaly_detection.stored import (
    CATHODE,
    CORRELATED,
    CWOLA,
    LACATHODE,
    NETWORK,
    NOISY,
    OUTLIERS,
    PLAIN,
    SUPERVISED,
    TOY,
    Setting,
)
from widgets.shared.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, swatch, table

HEADER = ("method", "AUC", "max SIC", "SIC at the cut", "local p", "global p", "χ²/ndf")
FEWEST_EVENTS = 10  # of the background of the test after the cut, for a number
EVIDENCE = 0.01  # global p-value
SMALLEST_NUMBER = 1e-300
NOT_FLAT = 1e-3  # p-value of the χ² of the efficiencies
KEY = (
    f"{swatch(GREY, '■')} background of the test &ensp; {swatch(ORANGE, '■')} signal &ensp; "
    f"{swatch(GREEN, '╌╌')} cut, or the exact curve of the toy &ensp; "
    f"{swatch(BLUE, '━')} curve of the score, or fit &ensp; {swatch(VERMILLION, '●')} data, or the "
    f"cut on the curve &ensp; {swatch(VERMILLION, '■')} global p &ensp; "
    f"{swatch(VERMILLION, '▼')} no toy is as extreme: p is smaller &ensp; "
    f"{swatch(SKY, '╌╌')} local p &ensp; {swatch(PURPLE, '╍╍')} the compared method &ensp; "
    f"{swatch(GREY, '┈')} a perfect score; 3 σ and 5 σ"
)
ABOUT = (
    "Exact toy: 60 000 background events above m = 2.5, two Gaussian features, a signal at "
    "m = 3.5 ± 0.1; its curve is known in closed form (for features that do not depend on the "
    "mass). Dijets: 200 000 QCD events of the bundled sample, a resonance at 3.5 TeV; the features "
    "are the mass of the lighter jet, the difference of the masses and both τ₂₁, dequantised. "
    "Noise: ten columns of unit Gaussians. Correlated: ΔR between the jets, or features of the toy "
    "that move by 2 for a unit of mass. S/√B is that of the region (grey) before any cut; the "
    "background is the same at all strengths. Stored results of one seed: trees in ensembles of "
    "two and five folds, so that no event is scored by a model that saw it; the box takes the "
    "folds away. Curve and efficiencies are those of test events that nothing was fitted to, with "
    "binomial errors. In the dark strip the background of the test is known worse than 20 %; the "
    "maximum is that of the rest, and a maximum over noise is above 1. Spectrum: Poisson errors; "
    "the fit uses the bins beside the region, and its band is its error. Local p: the smallest of "
    "windows of 2 to 6 bins anywhere, with the fit as it is; global p: toys in which the "
    "background is fitted again (1000, or 20 000 where p is small). The figure of p ends at 10⁻⁹. "
    "χ²/ndf: efficiency on background of the test in the bins beside the region against a constant."
)


class Facts(NamedTuple):
    """What the live line tells.

    Attributes:
        setting: the controls.
        kept: share of the region after the cut.
        n_signal: injected events in the region before the cut.
        n_background: background events of the data there.
        improvement: at the cut, with its error; infinite without background of the test.
        n_passed: background events of the test after the cut.
        largest: the largest improvement of the test.
        largest_possible: that of a perfect score.
        p_values: local and global; NaN without a fit.
        window: where the excess is.
        fit_p: p-value of the fit beside the region; None without a fit.
        flat_p: p-value of a flat efficiency; None where it cannot be told.
        unit: of the mass.
    """

    setting: Setting
    kept: float
    n_signal: float
    n_background: float
    improvement: tuple[float, float]
    n_passed: float
    largest: float
    largest_possible: float
    p_values: tuple[float, float]
    window: tuple[float, float]
    fit_p: float | None
    flat_p: float | None
    unit: str


class Row(NamedTuple):
    """A row of the table; None where there is no number."""

    name: str
    area: float | None
    largest: float | None
    improvement: tuple[float, float] | None
    n_passed: float
    p_values: tuple[float, float] | None
    flatness: float | None


def line(facts: Facts) -> str:
    """What the figures show, in words."""
    return (
        f"<b>{facts.setting.method}: {_verdict(facts)}.</b> {_amount(facts)} {_cut(facts)} "
        f"{_p_values(facts)} {_loss(facts)}<i>{_lesson(facts)}</i>"
    )


def failed(setting: Setting, reason: str) -> str:
    """The line where a search is not stored."""
    return (
        f"<b>{setting.method}: not stored.</b> {reason[0].upper()}{reason[1:]}. Any setting can be "
        "made with <code>widgets/anomaly_detection/make_stored.py</code>."
    )


def _amount(facts: Facts) -> str:
    if facts.setting.strength == 0:
        return f"No signal among {_thousands(facts.n_background)} background events of the region."
    share = facts.n_signal / (facts.n_signal + facts.n_background)
    return (
        f"{_thousands(facts.n_signal)} signal among {_thousands(facts.n_background)} background "
        f"events of the region ({100 * share:.1f}&nbsp;%)."
    )


def _verdict(facts: Facts) -> str:
    global_p = facts.p_values[1]
    if not np.isfinite(global_p):
        return "too few events for a fit"
    if facts.fit_p is not None and facts.fit_p < NOT_FLAT:
        return "the smooth function does not fit"
    if global_p > EVIDENCE:
        return "nothing is found"
    if facts.setting.strength == 0:
        return "an excess is found where there is no signal"
    return "an excess is found"


def _cut(facts: Facts) -> str:
    if facts.kept == 1:
        return "No cut."
    text = f"The cut keeps {_percent(facts.kept)} of the region"
    if facts.n_passed < FEWEST_EVENTS:
        return f"{text}; fewer than ten background events of the test pass."
    value, error = facts.improvement
    return (
        f"{text} and multiplies S/√B by {value:.2f} ± {error:.2f} (the best cut of the test by "
        f"{facts.largest:.1f}, a perfect score by at most {facts.largest_possible:.0f})."
    )


def _p_values(facts: Facts) -> str:
    local_p, global_p = facts.p_values
    if not np.isfinite(local_p):
        return ""
    low, high = (f"{edge:.4g}" for edge in facts.window)
    where = f"{low} to {high} {facts.unit}".strip()
    return f"Largest excess at {where}: local p {_local(local_p)}, global p {_global(global_p)}."


def _loss(facts: Facts) -> str:
    """The smallest loss that a classifier of the region against background can have."""
    setting = facts.setting
    if setting.sample != TOY or setting.features != PLAIN or setting.strength == 0:
        return ""
    share = facts.n_signal / (facts.n_signal + facts.n_background)
    loss = GaussianResonance().smallest_loss(share)
    return f"The best possible loss is {loss:.4f}; ln 2 is {np.log(2):.4f}. "


def _lesson(facts: Facts) -> str:
    found = facts.p_values[1] <= EVIDENCE
    setting = facts.setting
    is_sculpted = facts.flat_p is not None and facts.flat_p < NOT_FLAT
    bad_fit = facts.fit_p is not None and facts.fit_p < NOT_FLAT
    if not setting.folds and setting.method not in (OUTLIERS, SUPERVISED):
        return _without_folds(facts, found)
    if setting.strength == 0:
        return _without_signal(found, is_sculpted, bad_fit)
    if setting.features == CORRELATED and setting.method == CWOLA:
        return (
            "The features tell the mass, so the classifier learns to tell the region from its "
            "sidebands without any signal."
        )
    if bad_fit:
        return (
            "The cut has changed the spectrum beside the region: no p-value of this spectrum can "
            "be trusted."
        )
    if facts.kept == 1:
        return "All events: the signal hides in fluctuations of the background. Tighten the cut."
    return _of_method(facts, is_sculpted)


def _without_folds(facts: Facts, found: bool) -> str:
    if found and facts.setting.strength == 0:
        return (
            "Each event was scored by a model that had learned this very event. Tick the box, and "
            "the excess is gone."
        )
    return (
        "Without folds each event is scored by a model that saw it: its own excess is part of the "
        "score, and the p-value is worth nothing. Set S/√B to 0 to see how wrong it gets."
    )


def _without_signal(found: bool, is_sculpted: bool, bad_fit: bool) -> str:
    if found and (is_sculpted or bad_fit):
        return (
            "The cut takes more background at some masses than at others, and the smooth function "
            "does not follow: a fake bump, or a spectrum without a valid fit."
        )
    if found:
        return "One search in a hundred does this: p-values without signal are uniform."
    if is_sculpted:
        return "The cut sculpts the background, but the smooth function still follows it here."
    return "As it should be. Now compare the local with the global p-value."


def _of_method(facts: Facts, is_sculpted: bool) -> str:
    setting = facts.setting
    if setting.method == OUTLIERS:
        return (
            "This score has never seen the region: it knows what is rare, and not where the signal "
            "is dense."
        )
    if setting.method == SUPERVISED:
        return "Labels, which no search has: this is what the features can give at best."
    if setting.features == NOISY and setting.method == NETWORK:
        return "A network looks at all features at once: compare it with trees of the same data."
    if setting.method == LACATHODE and not is_sculpted:
        return "The latent features do not know the mass: the cut is as flat as the test can tell."
    if is_sculpted:
        return (
            "Beside the region the cut does not take the same share at all masses (last figure): "
            "the fit must follow this, and the toys cannot know if it does."
        )
    if setting.method == CATHODE:
        return "The template was drawn from the sidebands: the events of the region met it later."
    return "The cut was not tuned on this spectrum. Who scans all cuts must count all of them."


def results(rows: Sequence[Row]) -> str:
    """The table: ranking and search of each method."""
    return table(HEADER, [_cells(row) for row in rows])


def numbers(row: Row) -> dict[str, str]:
    """The cells of a row as plain text, by the title of the column."""
    return dict(zip(HEADER[1:], map(html.unescape, _cells(row)[1:]), strict=True))


def _cells(row: Row) -> tuple[str, ...]:
    area = "–" if row.area is None else f"{row.area:.3f}"
    largest = "–" if row.largest is None else f"{row.largest:.2f}"
    at_cut = "–"
    if row.improvement is not None and row.n_passed >= FEWEST_EVENTS:
        at_cut = f"{row.improvement[0]:.2f} ± {row.improvement[1]:.2f}"
    flat = "–"
    if row.flatness is not None:
        flat = f"{row.flatness:.1f}" if row.flatness < 100 else f"{row.flatness:.0f}"
    if row.p_values is None or not np.isfinite(row.p_values[0]):
        return row.name, area, largest, at_cut, "–", "–", flat
    local_p, global_p = row.p_values
    return row.name, area, largest, at_cut, _p(local_p), _global(global_p, ""), flat


def _local(p: float) -> str:
    text = _p(p)
    return f"{text if text.startswith('&lt;') else '= ' + text}{_sigmas(p)}"


def _global(p: float, equal: str = "= ") -> str:
    """A global p-value with its sigmas; a limit where no toy is as extreme."""
    if p <= SMALLEST_P * (1 + 1e-6):
        return f"&lt; {_p(SMALLEST_P)}{_sigmas(p, '&gt; ')}"
    return f"{equal}{_p(p)}{_sigmas(p)}"


def _sigmas(p: float, more: str = "") -> str:
    sigmas = float(norm.isf(max(p, SMALLEST_NUMBER)))
    return f" ({more}{sigmas:.1f} σ)" if sigmas > 1 else ""


def _p(p: float) -> str:
    if p >= 0.01:
        return f"{p:.2g}"
    if p < SMALLEST_NUMBER:
        return "&lt; 10⁻³⁰⁰"
    power = int(np.floor(np.log10(p)))
    digits = str(abs(power)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{p / 10.0**power:.1f}·10⁻{digits}"


def _thousands(number: float) -> str:
    return f"{number:,.0f}".replace(",", "&nbsp;")


def _percent(share: float) -> str:
    return f"{100 * share:g}&nbsp;%"
