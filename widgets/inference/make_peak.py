"""What the first screen of the dashboard cannot compute on a move: ratios, flows, ABC, coverage."""

from collections.abc import Callable
from typing import Any

import numpy as np

from hepml_lite.exact.priors import UniformPrior
from hepml_lite.inference import EventFeatures, approximate_bayes, posterior, ratio
from widgets.inference import peak

Arrays = dict[str, Any]  # name -> array

PAIRS = {"ratio": 30_000, "small_ratio": 3000}  # single events for the ratios
SETS = 10_000  # for the flows of the peak
SETS_OF_ABC = 10_000  # for each number of events
SHARE_OF_ABC = 0.02


def ratios() -> Arrays:
    """log r of each fine bin on the grid of fraction and slope (51, 11, 100)."""
    grid = np.stack(np.meshgrid(peak.FRACTIONS, peak.CHANGES, indexing="ij"), -1).reshape(-1, 2)
    made = {}
    for name, n in PAIRS.items():
        rng = np.random.default_rng([1, n])
        prior = prior_of_events()
        theta = prior.sample(n, rng)
        chance = np.cumsum(peak.chances(theta[:, 0], theta[:, 1]), axis=1)
        bins = (rng.random((n, 1)) > chance).sum(1)
        fitted = ratio.fit(theta, peak.CENTRES[bins, None], rng=0)
        rows = [fitted.log_ratio(grid, centre) for centre in peak.CENTRES[:, None]]
        shape = (len(peak.FRACTIONS), len(peak.CHANGES), peak.N_BINS)
        made[name] = np.array(rows).T.reshape(shape).astype(np.float16)
    return made


def prior_of_events() -> UniformPrior:
    """Of fraction and slope, for networks that see single events."""
    low = np.array([0.0, peak.CHANGES[0]])
    high = np.array([peak.FRACTIONS[-1], peak.CHANGES[-1]])
    return UniformPrior(low, high)


def features_of_bins() -> np.ndarray:
    """Learned features of the fine bins, (100, 5)."""
    rng = np.random.default_rng(3)
    theta = prior_of_events().sample(1000, rng)
    counts = rng.multinomial(100, peak.chances(theta[:, 0], theta[:, 1]))
    sets = np.array([np.repeat(peak.CENTRES, one) for one in counts])[..., None]
    return EventFeatures().fit(theta, sets, rng=0).of(peak.CENTRES[:, None])


def simulated_sets(n_events: np.ndarray, width: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fractions (M, 1) of the prior, and counts (M, 100) of sets of so many events (M,)."""
    rng = np.random.default_rng([seed, round(100 * width)])
    fraction = peak.MIXTURE.prior.sample(len(n_events), rng)
    change = peak.drawn_changes(len(n_events), width, rng)
    return fraction, rng.multinomial(n_events, peak.chances(fraction[:, 0], change))


def summaries(counts: np.ndarray, features: np.ndarray) -> np.ndarray:
    """Mean features and log of the number of events (M, 6)."""
    n_events = counts.sum(1, keepdims=True)
    return np.column_stack([counts @ features / n_events, np.log(n_events)])


def flows() -> Arrays:
    """The answers of a posterior flow for each width of the prior, to data sets and experiments."""
    features = features_of_bins()
    fitted = {}
    for width in peak.WIDTHS:
        n_events = np.random.default_rng(4).choice(peak.EVENTS, SETS)
        fraction, counts = simulated_sets(n_events, width, 5)
        given = summaries(counts, features)
        fitted[width] = posterior.fit(fraction, given, prior=peak.MIXTURE.prior, rng=0)
        print(f"flow of width {width}", flush=True)

    def log_density(counts: np.ndarray, width: float, n_events: int) -> np.ndarray:
        given = np.repeat(summaries(counts, features), len(peak.FRACTIONS), axis=0)
        theta = np.tile(peak.FRACTIONS, len(counts))[:, None]
        inside = np.clip(theta, 1e-6, peak.FRACTIONS[-1] - 1e-6)
        density = fitted[width].density  # on a grid it is normalised anyway
        return density.log_prob(inside, given).reshape(len(counts), -1)

    return answers("flow", log_density)


def abc() -> Arrays:
    """The same by rejection with linear correction, smoothed by a Gaussian of each draw."""
    features = features_of_bins()
    simulated = {}
    for width in peak.WIDTHS:
        for n_events in peak.EVENTS:
            fraction, counts = simulated_sets(np.full(SETS_OF_ABC, n_events), width, 6)
            simulated[width, n_events] = fraction, summaries(counts, features)[:, :-1]

    def log_density(counts: np.ndarray, width: float, n_events: int) -> np.ndarray:
        theta, x = simulated[width, n_events]
        found = []
        for one in summaries(counts, features)[:, :-1]:
            accepted = approximate_bayes.rejection(theta, x, one, SHARE_OF_ABC)
            found.append(smoothed(accepted.theta[:, 0]))
        return np.array(found)

    return answers("abc", log_density)


def smoothed(draws: np.ndarray) -> np.ndarray:
    """Log density (51,) of draws, reflected at both ends of the prior."""
    end = peak.FRACTIONS[-1]
    inside = np.abs(draws)
    inside = end - np.abs(end - inside)
    bandwidth = max(1.06 * inside.std() * len(inside) ** -0.2, 0.004)
    mirrored = np.concatenate([inside, -inside, 2 * end - inside])
    pulls = (peak.FRACTIONS[:, None] - mirrored) / bandwidth
    return np.log(np.exp(-(pulls**2) / 2).sum(1) + 1e-12)


def answers(name: str, log_density: Callable[[np.ndarray, float, int], np.ndarray]) -> Arrays:
    """Log densities of all data sets, and levels and widths of all experiments."""
    of_data, levels, widths = [], [], []
    for assumed, true in peak.SETTINGS:
        for n_events in peak.EVENTS:
            counts = np.array(
                [
                    peak.data(fraction, n_events, true, 1 + number).counts
                    for fraction in peak.TRUE_FRACTIONS
                    for number in range(peak.N_DATA_SETS)
                ]
            )
            of_data.append(log_density(counts, assumed, n_events))
            fraction, counts = peak.experiments(n_events, true)
            curves = log_density(counts, assumed, n_events)
            curves -= curves.max(1, keepdims=True)
            levels.append(2 * np.abs(peak.quantiles(curves, fraction) - 0.5))
            widths.append(peak.half_width(curves))
    first = (len(peak.SETTINGS), len(peak.EVENTS))
    shape = (*first, len(peak.TRUE_FRACTIONS), peak.N_DATA_SETS, len(peak.FRACTIONS))
    log_p = np.array(of_data).reshape(shape)
    log_p = np.maximum(log_p - log_p.max(-1, keepdims=True), -60)
    return {
        name: log_p.transpose(0, 2, 1, 3, 4).astype(np.float16),
        f"{name}_level": np.array(levels).reshape(*first, -1).astype(np.float16),
        f"{name}_width": np.array(widths).reshape(first).astype(np.float32),
    }


def tables() -> Arrays:
    """Levels and widths of the methods that add up events, over the experiments."""
    found = [
        peak.levels(method, n_events, assumed, true, treatment)
        for method in peak.OF_TABLES
        for treatment in peak.TREATMENTS
        for assumed, true in peak.SETTINGS
        for n_events in peak.EVENTS
    ]
    levels, widths = zip(*found, strict=True)
    first = (len(peak.OF_TABLES), len(peak.TREATMENTS), len(peak.SETTINGS), len(peak.EVENTS))
    return {
        "tables_level": np.array(levels).reshape(*first, -1).astype(np.float16),
        "tables_width": np.array(widths).reshape(first).astype(np.float32),
    }
