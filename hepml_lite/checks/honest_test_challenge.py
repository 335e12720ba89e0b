"""The challenge of the exploration of anomaly detection: a test with honest p-values, and power."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.stats import chi2, kstest

from hepml_lite.checks import Wrong, exercise
from hepml_lite.exact import GaussianResonance

N_DATA = 1000  # events of a data set of exercise 5.6, on average
N_REFERENCE = 4000
N_SIGNAL = 40
N_NULL = 150  # data sets without signal
N_WITH_SIGNAL = 60
N_LARGE = 50  # data sets without signal that are tested against a large reference
SIZE = 0.05  # of the test
SIGNAL = GaussianResonance(distance=2.0, signal_width=0.3)
BRONZE = 0.2  # power
SILVER = 0.5
GOLD = 0.8
TOO_MANY = 3.0  # standard deviations of the share of small p-values
UNIFORM = 1e-3  # p-value of the test of uniformity
TOO_LOW = 0.9  # where the largest of many honest p-values is not
MOST_TESTS = 100  # whose smallest p-value is looked for

Test = Callable[[np.ndarray, np.ndarray, np.random.Generator], float]


@dataclass(frozen=True)
class Experiment:
    """A data set and a reference without signal.

    Attributes:
        data: (N, 2).
        reference: (M, 2).
        seed: of the generator that the answer gets.
    """

    data: np.ndarray
    reference: np.ndarray
    seed: int

    def p_value(self, answer: Test) -> float:
        """What an answer says; it gets copies.

        Raises:
            Wrong: it is not one number.
        """
        rng = np.random.default_rng(self.seed)
        found = answer(self.data.copy(), self.reference.copy(), rng)
        if isinstance(found, bool | np.bool_):
            raise Wrong("this is a decision, true or false: return the p-value")
        try:
            number = np.asarray(found, dtype=float)
        except (TypeError, ValueError) as error:
            raise Wrong(f"this is no number ({error}): return one p-value") from error
        if number.size != 1:
            raise Wrong(
                f"the shape is {number.shape}: return one p-value for the whole data set, and not "
                "one for each event or bin, nor a pair of statistic and p-value"
            )
        if not np.isfinite(number).all():
            raise Wrong("the p-value is not finite: is a cell without events divided by?")
        return float(number.reshape(()))


def experiments(n_signal: int, n_experiments: int, rng: int) -> list[Experiment]:
    """Data sets with a signal on average, and a reference for each."""
    generator = np.random.default_rng(rng)
    found = []
    for _ in range(n_experiments):
        strange = generator.poisson(n_signal)
        usual = generator.poisson(N_DATA - n_signal)
        data = SIGNAL.events(usual, strange, rng=generator).features
        reference = SIGNAL.events(N_REFERENCE, rng=generator).features
        seed = int(generator.integers(2**31))
        found.append(Experiment(generator.permutation(data), reference, seed))
    return found


@lru_cache(maxsize=1)
def without_signal() -> tuple[Experiment, ...]:
    """The hidden data sets without signal."""
    return tuple(experiments(0, N_NULL, 560))


@lru_cache(maxsize=1)
def with_signal() -> tuple[Experiment, ...]:
    """The hidden data sets with signal."""
    return tuple(experiments(N_SIGNAL, N_WITH_SIGNAL, 561))


def cells_test(data: np.ndarray, reference: np.ndarray, rng: np.random.Generator) -> float:
    """The χ² of two samples in cells that hold equal shares of the reference along each axis."""
    n_cells = 8
    cell_of_data = np.zeros(len(data), int)
    cell_of_reference = np.zeros(len(reference), int)
    for axis in range(2):
        edges = np.quantile(reference[:, axis], np.linspace(0, 1, n_cells + 1)[1:-1])
        cell_of_data = n_cells * cell_of_data + np.digitize(data[:, axis], edges)
        cell_of_reference = n_cells * cell_of_reference + np.digitize(reference[:, axis], edges)
    seen = np.bincount(cell_of_data, minlength=n_cells**2)
    expected = np.bincount(cell_of_reference, minlength=n_cells**2)
    ratio = np.sqrt(len(reference) / len(data))
    both = np.maximum(seen + expected, 1)  # an empty cell adds nothing
    chi_squared = np.sum((ratio * seen - expected / ratio) ** 2 / both)
    return float(chi2.sf(chi_squared, n_cells**2 - 1))


@exercise("5.6", reference=cells_test)
def _(answer, **context):
    usual = np.array([one.p_value(answer) for one in without_signal()])
    _require_p_values(usual)
    strange = np.array([one.p_value(answer) for one in with_signal()])
    _require_direction(usual, strange)
    _require_validity(answer, usual)
    power = float((strange <= SIZE).mean())
    if power < BRONZE:
        raise Wrong(_too_weak(answer, usual, strange, power))
    medal = "gold" if power >= GOLD else "silver" if power >= SILVER else "bronze"
    return (
        f"{medal}: {100 * (usual <= SIZE).mean():.0f} % of the data sets without signal have p ≤ "
        f"{SIZE}, and {100 * power:.0f} % of those with {N_SIGNAL} signal events among {N_DATA}. "
        f"The ladder: bronze from {BRONZE:.0%}, silver from {SILVER:.0%}, gold from {GOLD:.0%}; "
        "the reference, a χ² in 64 cells, reaches "
        f"{_medal_of_reference()}"
    )


@lru_cache(maxsize=1)
def _medal_of_reference() -> str:
    generator = np.random.default_rng(0)
    p = np.array([cells_test(one.data, one.reference, generator) for one in with_signal()])
    power = (p <= SIZE).mean()
    return "gold" if power >= GOLD else "silver" if power >= SILVER else "bronze"


def _require_p_values(usual: np.ndarray) -> None:
    """Refuse what is no p-value."""
    if usual.max() <= 0 and usual.min() < 0:
        raise Wrong("all numbers are negative: is this the logarithm of the p-value?")
    if usual.min() < 0 and abs(usual.mean()) < 1 and 0.5 < usual.std() < 2:
        raise Wrong(
            "the numbers scatter around zero with a width of one: these are standard deviations. "
            "The p-value is scipy.stats.norm.sf of them"
        )
    if usual.min() < 0 or usual.max() > 1 + 1e-9:
        raise Wrong(
            f"without signal you return up to {usual.max():.3g}: a p-value is between 0 and 1. Is "
            "this the test statistic? Its distribution without signal turns it into a p-value"
        )
    if len(np.unique(usual)) == 1:
        raise Wrong(f"all data sets without signal have the same p-value, {usual[0]:g}")
    if np.isin(usual, (0, 1)).all():
        raise Wrong("these are decisions, 0 or 1: return the p-value")


def _require_direction(usual: np.ndarray, strange: np.ndarray) -> None:
    if np.median(strange) > 0.95 and np.median(usual) < 0.9:
        raise Wrong(
            "the data sets with signal have p-values near 1: this is 1 − p. A p-value is the "
            "chance of a statistic at least as extreme, so take sf in place of cdf"
        )


def _require_validity(answer: Test, usual: np.ndarray) -> None:
    """Refuse p-values that are too often small without signal."""
    n_small = int((usual <= SIZE).sum())
    too_low = kstest(usual, "uniform", alternative="greater").pvalue < UNIFORM
    if n_small < _most_small(N_NULL) and not too_low:
        return
    told = (
        f"without signal {100 * n_small / N_NULL:.0f} % of the p-values are below {SIZE}, and "
        f"half of them below {np.median(usual):.2f}"
    )
    if usual.max() < TOO_LOW and kstest(usual / usual.max(), "uniform").pvalue > UNIFORM:
        raise Wrong(
            f"{told}. They are spread evenly, but none is above {usual.max():.2f}: was the p-value "
            "divided by a number, or is it one of two sides only?"
        )
    n_tests = _number_of_tests(usual)
    if n_tests is not None:
        raise Wrong(
            f"{told}. They are distributed as the smallest of about {n_tests} p-values: whoever "
            "looks at several places must count them all (look-elsewhere effect)"
        )
    large = [_with_large_reference(one).p_value(answer) for one in without_signal()[:N_LARGE]]
    if (np.array(large) <= SIZE).sum() < _most_small(N_LARGE):
        raise Wrong(
            f"{told}. With a reference that is ten times as large they would be right: the "
            "fluctuations of the reference are not in your errors"
        )
    raise Wrong(
        f"{told}, also with a huge reference. Does a model judge the events that it was trained "
        "on? Is the distribution without signal that of your statistic (degrees of freedom)?"
    )


def _most_small(n_experiments: int) -> float:
    """Number of small p-values of honest ones, and three standard deviations more."""
    spread = np.sqrt(n_experiments * SIZE * (1 - SIZE))
    return n_experiments * SIZE + TOO_MANY * spread


def _with_large_reference(experiment: Experiment) -> Experiment:
    generator = np.random.default_rng(experiment.seed)
    reference = SIGNAL.events(10 * N_REFERENCE, rng=generator).features
    return Experiment(experiment.data, reference, experiment.seed)


def _number_of_tests(usual: np.ndarray) -> int | None:
    """How many uniform numbers have such a smallest one; None if no number fits."""
    n_tests = round(1 / max(usual.mean(), 1e-9)) - 1  # the mean of the smallest is 1 / (n + 1)
    if not 2 <= n_tests <= MOST_TESTS:
        return None
    back = 1 - (1 - usual) ** n_tests
    return n_tests if kstest(back, "uniform").pvalue > UNIFORM else None


def _too_weak(answer: Test, usual: np.ndarray, strange: np.ndarray, power: float) -> str:
    """Why the power is too small."""
    told = f"{100 * power:.0f} % of the data sets with signal have p ≤ {SIZE}"
    told = f"{told}; bronze needs {BRONZE:.0%}"
    if _is_same(answer, _other_features):
        return (
            f"{told}. The p-value does not depend on the features: a number of events alone does "
            "not tell a signal of four percent"
        )
    if _is_same(answer, _other_second_feature) or _is_same(answer, _other_first_feature):
        return f"{told}. Only one of the two features counts: the signal is a spot in the plane"
    if np.median(usual) > 0.8:
        return (
            f"{told}. Without signal most p-values are near 1 (median {np.median(usual):.2f}), so "
            "the test is valid and blind: are the errors, or the degrees of freedom, too large?"
        )
    if _is_same(answer, _shuffled_second_feature):
        return (
            f"{told}. Each feature is looked at alone: the signal is a spot in the plane, which "
            "its projections hide"
        )
    return (
        f"{told}. The p-values are honest, but the statistic hardly sees a spot in the plane: "
        "averages and the tails are not where it is; compare densities"
    )


def _is_same(answer: Test, change: Callable[[np.ndarray, np.random.Generator], np.ndarray]) -> bool:
    """Whether the p-values of three data sets do not notice a change of the data."""
    for one in with_signal()[:3]:
        changed = change(one.data, np.random.default_rng(one.seed))
        before = one.p_value(answer)
        if not np.isclose(Experiment(changed, one.reference, one.seed).p_value(answer), before):
            return False
    return True


def _other_features(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=data.shape)


def _other_first_feature(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([rng.normal(size=len(data)), data[:, 1]])


def _other_second_feature(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([data[:, 0], rng.normal(size=len(data))])


def _shuffled_second_feature(data: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return np.column_stack([data[:, 0], rng.permutation(data[:, 1])])
