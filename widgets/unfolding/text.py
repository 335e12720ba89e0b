"""The text of "Undo the detector": the live line, the table and the key of the figures."""

from collections.abc import Sequence
from typing import NamedTuple

from widgets.shared.style import BLUE, GREEN, GREY, ORANGE, PURPLE, SKY, VERMILLION, swatch, table
from widgets.unfolding.methods import INVERSION, OMNIFOLD, STORED, strength

SMALLEST_GAP = 5.0  # floors; of a smaller gap no share is told
HEADER = ("spectrum", "distance × 1000", "gap closed", "pull²")
NEGLIGIBLE = 0.2  # bias² in units of the variance
EXPLODED = 30.0  # variance
SMALLEST_NUMBER = 0.01
LARGEST_NUMBER = 1e4
KEY = (
    f"{swatch(GREY, '■')} nature's truth &ensp; {swatch(BLUE, '╌╌')} simulation &ensp; "
    f"{swatch(SKY, '┈┈')} measured data &ensp; {swatch(VERMILLION, '●')} unfolded &ensp; "
    f"{swatch(ORANGE, '□')} by the compared method &ensp; "
    f"{swatch(PURPLE, '╌╌')} bias² &ensp; {swatch(GREEN, '┈┈')} variance &ensp; "
    f"{swatch(GREY, '━')} their sum"
)
ABOUT = (
    "Hardest jet beside a Z; 20 equal bins, both end bins open. The data are Poisson numbers drawn "
    "from nature's measured spectrum; simulation and nature have the same detector and the same "
    "smearing. Acceptance: the share of jets with a measured pT below 150 GeV that is kept; it "
    "rises to 1 at 300 GeV. Errors: statistics of the data only. Distance: triangular "
    "discriminator to nature's truth. Floor: what these data would have with a perfect detector. "
    "Gap closed: 1 reaches the floor, negative is worse than the simulation. pull²: mean of "
    "((unfolded − truth) / error)², about 1 where errors are honest. Bias² and variance: mean over "
    "the bins for repeated data, in units of the variance of a perfect detector. τ₂₁ and "
    "z<sub>g</sub> without a splitting are in the first bin. Each nature is known from at most "
    "100 000 events, Vincia from 20 000 only. OmniFold is stored, after 1 to 5 iterations on all "
    "six observables at once; its errors are from replicas of data and "
    "simulation. The methods after it in the list are stored with one result each. Their errors "
    "are those of the number of jets in a bin, without correlations and trainings; generated jets "
    "are corrected for fakes and missed jets in bins. The bias² of stored results is rough: it is "
    "from one data set. On that data set, all methods unfold the same jets; SPINUP sees every "
    "third of them."
)
LESSONS = {
    OMNIFOLD: "It unfolds all six observables at once, so it knows that the response of one may "
    "depend on the others.",
    "cINN": "A conditional flow draws a true jet for each measured one. The prior of the "
    "simulation is still in the answer.",
    "cINN, 2 iterations": "The conditional flow was trained again, with the first answer as the "
    "prior.",
    "flow matching": "A flow in small steps draws a true jet for each measured one. The prior of "
    "the simulation is still in the answer.",
    "latent flow matching": "The flow draws the code of an autoencoder; what the code loses, no "
    "flow brings back.",
    "FCGAN": "A game of two networks has no loss that says when it is good: another seed gives "
    "another answer.",
    "direct diffusion": "A flow moves the measured jets to true ones by the shortest way. It never "
    "saw pairs, so single jets end in the wrong place.",
    "Schrödinger bridge": "A noisy way from measured to true jets, learned without pairs: single "
    "jets end in the wrong place.",
    "conditional bridge": "The bridge saw pairs and where each jet started, so single jets are "
    "right. The prior of the simulation is still in the answer.",
    "SPINUP": "It fits the truth through the learned detector: no prior of the simulation, but "
    "the truth must be a flow.",
    "moments": "Two powers of each observable are fitted: the spectrum is a simulation with a "
    "smooth factor.",
}


class Row(NamedTuple):
    """A spectrum in the table: its distance to the truth, and the mean squared pull."""

    name: str
    distance: float
    pull_squared: float | None


class Facts(NamedTuple):
    """What the live line tells.

    Attributes:
        method, step: as in `methods.unfold`.
        closed: share of the gap; None where the gap is too small, or the method has no answer.
        gap: distance of simulation and nature, in floors.
        bias_squared, variance: at this step, in units of a perfect detector's variance.
        best: the step with the smallest sum of both.
        stay: mean share of the events that stay in their bin.
        neighbours: mean correlation of neighbouring bins.
        as_simulated: whether nature has the response of the simulation.
    """

    method: str
    step: int
    closed: float | None
    gap: float
    bias_squared: float
    variance: float
    best: int
    stay: float
    neighbours: float
    as_simulated: bool


def line(facts: Facts) -> str:
    """What the figures show, in words."""
    text = f"<b>{_setting(facts.method, facts.step)}: {_closed(facts)}.</b> "
    text += f"{100 * facts.stay:.0f} % of the events stay in their bin. "
    return f"{text}{_balance(facts)} <i>{_lesson(facts)}</i>"


def failed(method: str, step: int, reason: str) -> str:
    """The line where a method has no answer."""
    text = f"<b>{_setting(method, step)}: there is no answer.</b> {_sentence(reason)}"
    if method in STORED:
        return text
    return (
        f"{text} <i>A measured bin without events has no Poisson error, so it says nothing about "
        "the true bins. Choose more events or a regularised method.</i>"
    )


def rival(method: str, step: int, closed: float | None, difference: float) -> str:
    """What the compared method finds.

    Args:
        method, step: as in `methods.unfold`.
        closed: share of the gap; None where the gap is too small.
        difference: largest distance of both methods in a bin, in errors of the compared one.
    """
    share = "" if closed is None else f"{max(closed, -9.99):.0%} of the gap closed, "
    share = share.replace("-", "−").replace("%", " %")
    return (
        f" <b>{_setting(method, step)}</b>: {share}up to {_number(difference)} of its errors from "
        "the first method."
    )


def no_rival(method: str, reason: str) -> str:
    """Why the compared method has no answer."""
    return f" <b>{_capitalised(method)}</b> has no answer here. {_sentence(reason)}"


def _sentence(reason: str) -> str:
    return f"{reason[0].upper()}{reason[1:]}."


def _setting(method: str, step: int) -> str:
    return f"{_capitalised(method)}, {strength(method, step)}"


def _capitalised(method: str) -> str:
    """A name at the start of a sentence; names such as cINN stay as they are."""
    return method if method[1].isupper() else f"{method[0].upper()}{method[1:]}"


def _closed(facts: Facts) -> str:
    if facts.closed is None:
        return (
            f"simulation and nature are {facts.gap:.1f} floors apart, too near to say what share "
            "of the gap is closed"
        )
    if facts.closed < 0:
        return "the result is further from nature than the simulation was"
    return f"{100 * facts.closed:.0f} % of the gap between simulation and nature is closed"


def _balance(facts: Facts) -> str:
    error = facts.variance**0.5
    bias = facts.bias_squared**0.5
    return (
        f"The errors are {_number(error)} times those of a perfect detector, the bias is "
        f"{_number(bias)} in the same unit."
    )


def _lesson(facts: Facts) -> str:
    if facts.method == INVERSION:
        if facts.variance > EXPLODED:
            return (
                "Neighbouring bins oscillate against each other (mean correlation "
                f"{facts.neighbours:.2f}): the data cannot tell them apart, and the inverse "
                "multiplies their noise.".replace("-", "−")
            )
        return (
            "The bins are wide compared with the detector, so even the inverse works; neighbouring "
            f"bins are correlated ({facts.neighbours:.2f} on average).".replace("-", "−")
        )
    if facts.method in LESSONS:
        return LESSONS[facts.method]
    if facts.bias_squared < facts.variance:
        if facts.step > facts.best:
            return (
                "Statistics dominates: from here on, weaker regularisation mostly fits noise; "
                f"step {facts.best} has the smallest sum of bias² and variance."
            )
        if facts.bias_squared < NEGLIGIBLE * facts.variance:
            return "The bias is small beside the errors: the quoted errors are honest."
        return "Bias and errors are of the same size, but only the errors are quoted."
    if facts.step < facts.best:
        return (
            "The bias dominates, and no quoted error contains it: the result still leans on the "
            "simulation. Weaker regularisation would help."
        )
    if facts.as_simulated:
        return "The bias dominates, and no quoted error contains it."
    return (
        "The bias dominates, and weaker regularisation does not remove it. Does nature's response "
        "differ from the simulated one? Tick the box to see."
    )


def results(rows: Sequence[Row], floor: float) -> str:
    """The table: distance to the truth, closed gap and mean squared pull of each spectrum.

    Args:
        rows: the simulation first; its distance is the gap.
        floor: distance of data from a perfect detector.
    """
    gap = rows[0].distance
    cells = [_cells(row, gap, floor) for row in rows]
    return table(HEADER, [*cells, ("the floor", _number(1e3 * floor), "1", "1")])


def share_closed(distance: float, gap: float, floor: float) -> float | None:
    """(gap − distance) / (gap − floor); None for a gap below `SMALLEST_GAP` floors."""
    if gap < SMALLEST_GAP * floor:
        return None
    return (gap - distance) / (gap - floor)


def _cells(row: Row, gap: float, floor: float) -> tuple[str, ...]:
    closed = share_closed(row.distance, gap, floor)
    share = "–" if closed is None else f"{closed:.2f}".replace("-", "−")
    pull = "–" if row.pull_squared is None else _number(row.pull_squared)
    return row.name, _number(1e3 * row.distance), share, pull


def _number(value: float) -> str:
    if value >= LARGEST_NUMBER:
        return "&gt; 10 000"
    if value < SMALLEST_NUMBER:
        return "&lt; 0.01"
    if value < 10:
        return f"{value:.2g}"
    return f"{value:.0f}"
