"""Checks of the tagging exploration: a score that is flat in mass, the worth of robustness."""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import as_numbers, compare, require_array
from hepml_lite.statistics import metrics
from hepml_lite.statistics.decorrelation import mass_sculpting
from hepml_lite.statistics.thresholds import threshold_at

MOST_JSD = 0.05  # bits, at eps_S = 0.5
LEAST_REJECTION = 3.0  # at eps_S = 0.5; guessing has 2
BINS = 25


def among_its_like(
    learn_score: np.ndarray, learn_mass: np.ndarray, learn_label: np.ndarray, **context
) -> Callable[[ArrayLike, ArrayLike], np.ndarray]:
    """The share of QCD jets of similar mass with a lower score; one cut keeps it at each mass."""
    score, mass = learn_score[learn_label == 0], learn_mass[learn_label == 0]
    edges = np.quantile(mass, np.linspace(0, 1, BINS + 1)[1:-1])
    own = [np.sort(score[np.digitize(mass, edges) == k]) for k in range(BINS)]

    def flat(score: ArrayLike, mass: ArrayLike) -> np.ndarray:
        score = np.asarray(score, float)
        k = np.digitize(np.asarray(mass, float), edges)
        found = np.empty(len(score))
        for b in range(BINS):
            here = k == b
            found[here] = np.searchsorted(own[b], score[here]) / len(own[b])
        return found

    return flat


@exercise("2.6", reference_from=among_its_like)
def _(answer, reference, score, mass, label, **context):
    found = _one_number_a_jet(answer, score, mass)
    _require_independent_jets(answer, found, score, mass)
    area = metrics.auc(label, found)
    if area < 0.45:
        raise Wrong(f"an AUC of {area:.2f}: your score is larger for QCD; change its sign")
    bent = mass_sculpting(label, found, mass, 0.5, n_bootstrap=20, rng=0)
    rejection = metrics.background_rejection(label, found, 0.5)
    told = f"at εS = 0.5 a JSD of {bent.jsd.value:.3f} bits and a rejection of {rejection:.1f}"
    if np.allclose(np.argsort(found, kind="stable"), np.argsort(score, kind="stable")):
        raise Wrong(
            f"{told}: the jets have the order of the old score. A rising function of a score does "
            "not change this order, so the same jets pass, with the mass of a top"
        )
    if bent.jsd.value > MOST_JSD:
        raise Wrong(_bent(found, mass, label, told, bent.jsd.value))
    if rejection < LEAST_REJECTION:
        raise Wrong(
            f"{told}. It is flat, but guessing is flat, too, with a rejection of 2. Keep what the "
            "score knows beyond the mass: compare each jet only with QCD jets of the same mass"
        )
    plain = metrics.background_rejection(label, score, 0.5)
    return f"{told}. Before, the rejection was {plain:.0f}, and most of it came from the mass."


def _one_number_a_jet(answer: Callable, score: np.ndarray, mass: np.ndarray) -> np.ndarray:
    given = answer(score.copy(), mass.copy())
    found = as_numbers(given, "one number a jet, (N,)")
    if found.shape != score.shape:
        raise Wrong(f"{len(score)} jets gave shape {found.shape}: one number a jet, (N,)")
    require_array(given, "one number a jet, (N,)")
    if not np.isfinite(found).all():
        raise Wrong(
            f"{(~np.isfinite(found)).sum()} numbers are NaN or infinite: is there a bin of mass "
            "without QCD jets? Make it wider"
        )
    n_values = len(np.unique(found))
    if n_values <= 2:
        raise Wrong(
            f"{n_values} different numbers for {len(score)} jets: give a continuous score, not a "
            "decision"
        )
    if n_values < 50:
        raise Wrong(
            f"only {n_values} different numbers for {len(score)} jets: the bins of mass hold too "
            "few QCD jets, or the score was rounded. Take wider bins"
        )
    return found


def _require_independent_jets(
    answer: Callable, found: np.ndarray, score: np.ndarray, mass: np.ndarray
) -> None:
    """Refuse a score that depends on the other jets which are judged with it."""
    some = np.arange(0, len(score), 3)
    alone = as_numbers(answer(score[some], mass[some]), "one number a jet, (N,)")
    if alone.shape != some.shape or not np.allclose(alone, found[some], rtol=1e-6, atol=1e-9):
        raise Wrong(
            "a third of the jets, judged without the others, gets other numbers: the score of a "
            "jet must not depend on which jets are judged with it. Rank it among the jets of learn"
        )


def _bent(found: np.ndarray, mass: np.ndarray, label: np.ndarray, told: str, jsd: float) -> str:
    """Return why the masses of jets that pass and of jets that fail still differ."""
    if jsd > 0.8:
        return (
            f"{told}. This is a window on the mass, and nothing sculpts more: all jets that pass "
            "lie in the top peak, and no sideband is left to measure the QCD background"
        )
    if abs(np.corrcoef(found[label == 0], mass[label == 0])[0, 1]) < 0.1:
        return (
            f"{told}. The mean of your score no longer depends on the mass, but the cut is in its "
            "tail, and the tail does. The whole distribution must be the same at each mass"
        )
    passed = found >= threshold_at(found[label == 1], 0.5)
    qcd = label == 0
    peak = qcd & (np.abs(mass - 172.5) < 30)
    inside, everywhere = passed[peak].mean(), passed[qcd].mean()
    side = "more" if inside > everywhere else "less"
    return (
        f"{told}: at most {MOST_JSD} bits are allowed. The cut keeps {100 * inside:.1f} % of the "
        f"QCD jets near the top mass, {side} than the {100 * everywhere:.1f} % of all QCD jets. "
        + _hint(found, mass, label)
    )


def _hint(found: np.ndarray, mass: np.ndarray, label: np.ndarray) -> str:
    """What to change: the sample that jets are ranked in, or the width of the bins."""
    n_values = len(np.unique(found))
    if n_values < len(found) / 10:
        return (
            f"There are only {n_values} different numbers: the bins of mass hold too few QCD jets "
            "for a rank. Take wider bins"
        )
    return "Rank each jet among QCD jets only (no tops), with masses as close to it as possible"


def significance(signal: ArrayLike, background: ArrayLike, error: ArrayLike) -> np.ndarray:
    """S / √(B + (error B)²): the fluctuation and the error of B, added in quadrature."""
    background = np.asarray(background, float)
    return np.asarray(signal) / np.sqrt(background + (np.asarray(error) * background) ** 2)


@exercise("2.7", reference=significance)
def _(answer, reference, **context):
    signal = np.array([100.0, 100, 50, 400])
    background = np.array([1000.0, 1000, 100, 1e5])
    error = np.array([0.0, 0.2, 0.1, 0.03])
    right = reference(signal, background, error)
    chance, systematic = np.sqrt(background), error * background
    with np.errstate(divide="ignore"):
        only_systematic = signal / systematic
    mistakes = (
        (signal / chance, "the systematic error is missing. This is S/√B, which grows with the "
         "luminosity without limit; with a systematic error the significance does not"),
        (only_systematic, "the fluctuation √B is missing: without a systematic error this is "
         "infinite"),
        (signal / (chance + systematic), "independent errors add in quadrature, because they "
         "often cancel in part"),
        (signal / np.sqrt(background + error**2), "the error is a share of the background: of "
         "1000 jets ± 20 %, 200 are uncertain"),
        (signal / np.sqrt(background + (error * signal) ** 2), "the error belongs to the "
         "background, not to the signal: use (error B)²"),
        (signal / np.sqrt(background * (1 + error**2)), "here the systematic error grows only "
         "with √B, as if more jets would measure it better. But all jets share the same error: "
         "use (error B)²"),
        (signal / (background + systematic**2), "the root is missing: this divides by a variance"),
        (signal / np.sqrt(background + systematic), "σ² = B + (error B)²: the square is missing"),
        (signal / np.sqrt(background**2 + systematic**2), "the fluctuation of B is √B, not B: "
         "σ² = B + (error B)²"),
        (signal / np.sqrt(signal + background + systematic**2), "the fluctuation of the signal "
         "does not count here: the question is how far the background alone can fluctuate, √B"),
        (np.sqrt(background + systematic**2), "this is the error of the background: divide the "
         "signal by it"),
        (signal / background, "this is S/B: divide by the error of the background, not by the "
         "background"),
        ((signal + background) / np.sqrt(background + systematic**2), "the excess is the signal "
         "alone, without the background"),
        (right**2, "this is the square of the significance"),
    )  # fmt: skip
    shape = "the excess in standard deviations for each entry, (4,)"
    compare(answer(signal.copy(), background.copy(), error.copy()), right, mistakes, shape)
    return "more luminosity does not help beyond S / (error B): there, a robust tagger wins."
