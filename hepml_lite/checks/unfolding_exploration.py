"""Check of the unfolding exploration: an unfolding with errors, judged on natures not seen."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.checks import Wrong, exercise
from hepml_lite.containers.unfolding_pair import UnfoldingPair
from hepml_lite.statistics.two_sample.triangular import triangular_distance
from hepml_lite.unfolding.binned.iterative_bayes import iterative_bayes
from hepml_lite.unfolding.binned.response import response_of_events

N_BINS = 20
RANGES = {"mass": (0, 60), "multiplicity": (5, 65), "width": (0, 0.5), "ln_rho": (-10, -2.5)}
SHARE_OF_EVENTS = 1 / 3  # data events for each event of nature's sample
SMALLEST_GAP = 5.0  # floors
OSCILLATING = -0.3  # correlation of a step with the next one
BRONZE = 0.90  # share of the gap
SILVER = 0.96
LARGEST_ERRORS = 0.3  # sum of the errors over the number of events
MOST_ITERATIONS = 10  # in which a flat first prior is looked for
HONEST = (0.5, 2.0)  # mean squared pull, for gold

Answer = Callable[..., tuple[ArrayLike, ArrayLike]]


class Problem(NamedTuple):
    """One measured spectrum to unfold, and what is hidden: nature's true spectrum.

    Attributes:
        quantity: its name.
        measured: (N_BINS,), number of events, without fakes.
        response: (N_BINS, N_BINS), P(measured in bin i | true in bin j).
        prior: (N_BINS,), truth of the simulation, scaled to the events of the data.
        truth: (N_BINS,).
    """

    quantity: str
    measured: np.ndarray
    response: np.ndarray
    prior: np.ndarray
    truth: np.ndarray

    @property
    def gap(self) -> float:
        """Distance of the simulation to nature."""
        return distance(self.prior, self.truth)

    @property
    def floor(self) -> float:
        """Distance that the data would have with a perfect detector."""
        return N_BINS / (4 * self.truth.sum())

    def closed(self, spectrum: np.ndarray) -> float:
        """Share of the gap that a spectrum (N_BINS,) has closed."""
        return (self.gap - distance(spectrum, self.truth)) / (self.gap - self.floor)


class Score(NamedTuple):
    """The mean over all problems: share of the gap, and squared pull."""

    closed: float
    pull_squared: float

    def __str__(self) -> str:
        return f"gap closed {self.closed:.3f}, mean squared pull {self.pull_squared:.2g}"


def distance(spectrum: np.ndarray, truth: np.ndarray) -> float:
    """Triangular discriminator of two histograms (B,); negative bins count as empty."""
    centres = np.arange(len(truth)) + 0.5
    edges = np.arange(len(truth) + 1)
    return triangular_distance(centres, centres, edges, np.maximum(spectrum, 0), truth).value


def problems(simulation: UnfoldingPair, *natures: UnfoldingPair, rng: int = 0) -> list[Problem]:
    """A measured spectrum of each quantity and nature, where the gap exceeds five floors.

    Args:
        simulation: for the response and the prior.
        natures: the data are Poisson numbers around their measured spectra, with a third of their
            events.
        rng: seed of the Poisson numbers.
    """
    generator = np.random.default_rng(rng)
    found = []
    for nature in natures:
        for quantity, (low, high) in RANGES.items():
            inner = np.linspace(low, high, N_BINS + 1)[1:-1]
            edges = np.array([-np.inf, *inner, np.inf])
            simulated = response_of_events(simulation, quantity, edges)
            true = response_of_events(nature, quantity, edges)
            measured = generator.poisson(SHARE_OF_EVENTS * true.measured)
            truth = SHARE_OF_EVENTS * true.truth
            prior = simulated.truth * truth.sum() / simulated.truth.sum()
            one = Problem(
                quantity, measured * simulated.matched_share, simulated.matrix, prior, truth
            )
            if one.gap > SMALLEST_GAP * one.floor:
                found.append(one)
    return found


def score(answer: Answer, given: Sequence[Problem]) -> Score:
    """How well an answer unfolds, and how honest its errors are.

    Raises:
        Wrong: what it returns is no spectrum with errors; the message says why.
    """
    closed = []
    pulls = []
    for problem in given:
        spectrum, errors = _spectrum(answer, problem)
        closed.append(problem.closed(spectrum))
        pulls.append(np.mean(((spectrum - problem.truth) / errors) ** 2))
    return Score(float(np.mean(closed)), float(np.mean(pulls)))


def early_bayes(
    measured: ArrayLike, response: ArrayLike, prior: ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Two iterations; what the second one changed is added to the errors, for the bias."""
    result = iterative_bayes(measured, response, prior, 2)
    last_step = result.history[2] - result.history[1]
    return result.unfolded, np.sqrt(result.errors**2 + last_step**2)


@exercise("4.5", reference=early_bayes)
def _(answer, simulation, nature, subtle, **context):
    given = problems(simulation, nature, subtle, rng=8)
    found = score(answer, given)
    _require_order(answer, given[0])
    if found.closed < BRONZE:
        raise Wrong(_too_far(answer, given, found))
    return f"{_medal(found)}: {found}, on {len(given)} spectra. {_ladder()}"


def _spectrum(answer: Answer, problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """The spectrum and the errors of an answer, (N_BINS,) each."""
    given = (problem.measured.copy(), problem.response.copy(), problem.prior.copy())
    found = answer(*given)
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("return two arrays: the unfolded spectrum and its errors, (T,) each")
    spectrum = np.asarray(found[0], float)
    errors = np.asarray(found[1], float)
    if errors.shape == (N_BINS, N_BINS):
        raise Wrong(
            "the second array is a matrix: return errors (T,), the roots of the diagonal of the "
            "covariance"
        )
    if spectrum.shape != problem.truth.shape or errors.shape != spectrum.shape:
        raise Wrong(
            f"{N_BINS} bins gave shapes {spectrum.shape} and {errors.shape}: return one number "
            f"and one error for each true bin, ({N_BINS},)"
        )
    if not np.isfinite(spectrum).all() or not np.isfinite(errors).all():
        raise Wrong("there are NaN or infinite numbers: is something divided by an empty bin?")
    if errors.min() <= 0:
        raise Wrong(f"the smallest error is {errors.min():g}: errors are positive numbers")
    slip = _slip(spectrum, errors, problem)
    if slip:
        raise Wrong(slip)
    _require_scale(spectrum, problem)
    return spectrum, errors


def _slip(spectrum: np.ndarray, errors: np.ndarray, problem: Problem) -> str | None:
    """What a spectrum is that has another number of events, or errors that are too large."""
    events = problem.measured.sum()
    factors = problem.prior / (problem.response @ problem.prior)
    slips = (
        (_near(errors.sum(), events) and not _near(spectrum.sum(), events),
         "the two arrays are swapped: return the spectrum first, then its errors"),
        (spectrum.min() < 0 and _near((spectrum + problem.prior).sum(), events),
         "this is the difference to the prior: add the prior to it"),
        (_near((spectrum * problem.prior).sum(), events),
         "this is the ratio to the prior: multiply it by the prior, and its errors too"),
        (spectrum.min() >= 0 and _near(np.sqrt(np.abs(spectrum)).sum(), events),
         "the spectrum is squared: return numbers of events"),
        (_near(spectrum[-1], events) and bool((np.diff(spectrum) >= 0).all()),
         "this is the cumulative spectrum: return the events of each bin, as np.diff gives them"),
        (np.allclose(spectrum, problem.measured * factors),
         "these are correction factors, bin by bin (true over measured of the simulation): they do "
         "not move events between bins, so the answer leans on the simulation"),
        (_near(spectrum.sum(), events) and errors.sum() > LARGEST_ERRORS * events,
         "the errors are about as large as the spectrum: are they variances? Take the roots"),
    )  # fmt: skip
    return next((why for found, why in slips if found), None)


def _near(number: float, events: float) -> bool:
    return bool(0.9 < number / events < 1.1)


def _require_scale(spectrum: np.ndarray, problem: Problem) -> None:
    """Refuse a spectrum with another number of events."""
    total = spectrum.sum() / problem.truth.sum()
    if not 0.9 < total < 1.1 and not _oscillates(spectrum, problem):
        raise Wrong(
            f"your spectrum has {spectrum.sum():.4g} events, the data have "
            f"{problem.measured.sum():.0f}: return events for each bin, with the missed ones, not "
            "shares"
        )


def _require_order(answer: Answer, problem: Problem) -> None:
    spectrum, _ = _spectrum(answer, problem)
    if problem.closed(spectrum[::-1]) > max(0.5, problem.closed(spectrum)):
        raise Wrong("the bins are in the reverse order")


def _too_far(answer: Answer, given: Sequence[Problem], found: Score) -> str:
    """Return why too little of the gap is closed."""
    told = f"{found}; bronze needs {BRONZE:.2f}"
    first, _ = _spectrum(answer, given[0])
    if np.allclose(first / first.sum(), given[0].prior / given[0].prior.sum(), rtol=1e-6):
        return f"{told}. This is the truth of the simulation: the data have no influence on it"
    if np.allclose(first, given[0].measured, rtol=0.01, atol=1):
        return f"{told}. This is the measured spectrum: the detector still blurs it"
    if np.array_equal(first, np.sort(first)):
        return f"{told}. The bins are sorted by their contents: leave them in their order"
    if _from_flat_prior(first, given[0]):
        return (
            f"{told}. This begins with a flat prior, and a few iterations do not forget it. Begin "
            "with the prior that is given"
        )
    if any(_oscillates(_spectrum(answer, problem)[0], problem) for problem in given):
        return (
            f"{told}. Neighbouring bins oscillate: noise was unfolded. Use fewer iterations, or "
            "more regularisation"
        )
    return (
        f"{told}. The spectrum is smooth and still away from nature: does it lean on the "
        "simulation, or do you use the response in the wrong direction? response[i, j] is "
        "P(measured in bin i | true in bin j)"
    )


def _from_flat_prior(spectrum: np.ndarray, problem: Problem) -> bool:
    """Whether iterative Bayes from a flat prior gives this spectrum."""
    flat = np.ones(N_BINS)
    found = iterative_bayes(problem.measured, problem.response, flat, MOST_ITERATIONS)
    return any(np.allclose(spectrum, one, rtol=1e-3) for one in found.history[1:])


def _oscillates(spectrum: np.ndarray, problem: Problem) -> bool:
    """Whether bins are negative, or rises and falls of spectrum / prior follow each other."""
    if spectrum.min() < 0:
        return True
    many = problem.truth > 0.01 * problem.truth.sum()
    steps = np.diff((spectrum / problem.prior)[many])
    return bool(np.corrcoef(steps[1:], steps[:-1])[0, 1] < OSCILLATING)


def _medal(found: Score) -> str:
    if found.closed < SILVER:
        return "bronze"
    return "gold" if HONEST[0] <= found.pull_squared <= HONEST[1] else "silver"


def _ladder() -> str:
    low, high = HONEST
    return (
        f"The ladder: bronze from {BRONZE:.2f}, silver from {SILVER:.2f}, gold with a mean squared "
        f"pull of {low} to {high} besides; the reference, two iterations with an error for the "
        "bias, reaches gold"
    )
