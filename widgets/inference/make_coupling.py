"""What the second screen of the dashboard cannot compute on a move: alpha_s of the test sets."""

from typing import Any

import numpy as np

import data_fetch
from hepml_lite.exact.priors import UniformPrior
from hepml_lite.inference import EventFeatures, hadronic_z, likelihood_of_means, posterior
from widgets.inference import coupling, peak

Arrays = dict[str, Any]  # name -> array

HELD_OUT = 60  # sets of ee_shapes whose parts stop the training of the flow


def means() -> Arrays:
    """Means of the summaries of the test sets, likelihoods, coverage, and histograms to show."""
    train = sets_for_learning()
    test = hadronic_z.sets(data_fetch.load("ee_shapes", split="test"))
    n_learning = round(hadronic_z.LEARNING_SHARE * len(train.theta))
    features = EventFeatures().fit(train.theta[:n_learning], train.events[:n_learning], 0)
    of_events = {
        coupling.LEARNED: features.of,
        coupling.SHAPES: lambda events: events,
        coupling.THRUST: in_thrust_bins,
        coupling.MULTIPLICITY: lambda events: events[..., :1],
    }
    made: Arrays = {"theta": test.theta.astype(np.float32)}
    levels, widths = [], []
    for method, summary in of_events.items():
        short = coupling.SHORT[method]
        calibration_sets = summary(train.events[n_learning:])
        fitted = likelihood_of_means.fit(train.theta[n_learning:], calibration_sets)
        made |= {f"{short}_{part}": getattr(fitted, part) for part in coupling.PARTS}
        of_test = summary(test.events)
        at_n = np.array([of_test[:, :n].mean(1) for n in coupling.EVENTS])
        made[f"{short}_means"] = at_n.astype(np.float32)
        for n, of_sets in zip(coupling.EVENTS, at_n, strict=True):
            level, width = over_test_sets(fitted, of_sets, n, test.theta)
            levels.append(level)
            widths.append(width)
    first = (len(of_events), len(coupling.EVENTS))
    made["level"] = np.array(levels).reshape(*first, *levels[0].shape).astype(np.float16)
    made["half_width"] = np.array(widths).reshape(*first, *widths[0].shape).astype(np.float32)
    return made | histograms(test.events)


def sets_for_learning() -> hadronic_z.Sets:
    """Those of training and validation."""
    parts = [hadronic_z.sets(data_fetch.load("ee_shapes", split=one)) for one in ("train", "val")]
    theta = np.concatenate([part.theta for part in parts])
    return hadronic_z.Sets(theta, np.concatenate([part.events for part in parts]))


def in_thrust_bins(events: np.ndarray) -> np.ndarray:
    """Whether an event is in each bin of 1 - T but the last, (..., 9)."""
    place = np.digitize(events[..., 1], coupling.THRUST_EDGES[1:-1])
    return (place[..., None] == np.arange(len(coupling.THRUST_EDGES) - 2)).astype(float)


def over_test_sets(
    of_means: likelihood_of_means.LikelihoodOfMeans,
    given: np.ndarray,
    n_events: int,
    theta: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Levels (W, 2, S) at which intervals reach the truth, and mean half widths (W, 2)."""
    levels = np.zeros((len(coupling.WIDTHS), 2, len(theta)))
    widths = np.zeros_like(levels)
    measured = [coupling.measured_a(theta[:, 1], width) for width in coupling.WIDTHS]
    for rows in np.array_split(np.arange(len(theta)), 20):
        log_l = coupling.tables(of_means, given[rows], n_events)
        for i, width in enumerate(coupling.WIDTHS):
            for j, treatment in enumerate(peak.TREATMENTS):
                for one, row in zip(log_l, rows, strict=True):
                    found = coupling.reduced(one, measured[i][row], width, treatment)
                    level = coupling.level_of_truth(found, theta[row, 0], treatment)
                    levels[i, j, row] = level
                    widths[i, j, row] = half_width(found, treatment)
    return levels, widths.mean(-1)


def half_width(found: coupling.Curve, treatment: str) -> float:
    """Of the 68 % interval."""
    is_profile = treatment == peak.PROFILED
    low, high = found.interval(0.68) if is_profile else found.credible_interval(0.68)
    return (high - low) / 2


def histograms(events: np.ndarray) -> Arrays:
    """Counts (S, B) of each shape that is shown."""
    made = {}
    for name, edges in coupling.SHOWN.items():
        column = events[..., hadronic_z.SHAPES.index(name)]
        inside = np.clip(column, edges[0], edges[-1])
        counts = [np.histogram(one, edges)[0] for one in inside]
        made[f"counts_of_{name}"] = np.array(counts).astype(np.uint16)
    return made


def alpha_s_flow() -> Arrays:
    """A posterior flow of the coupling for sets of any number of events."""
    train = sets_for_learning()
    n_learning = round(hadronic_z.LEARNING_SHARE * len(train.theta))
    features = EventFeatures().fit(train.theta[:n_learning], train.events[:n_learning], 0)
    of_events = features.of(train.events[n_learning:])
    theta = train.theta[n_learning:, :1]
    prior = UniformPrior(coupling.LOW[:1], coupling.HIGH[:1])
    held_out = cut_sets(theta[:HELD_OUT], of_events[:HELD_OUT])
    pairs = cut_sets(theta[HELD_OUT:], of_events[HELD_OUT:])
    fitted = posterior.fit(*pairs, prior=prior, validation=(*held_out, None), rng=0)
    test = hadronic_z.sets(data_fetch.load("ee_shapes", split="test"))
    of_test = features.of(test.events)
    made = [of_the_flow(fitted, of_test[:, :n], test.theta[:, 0]) for n in coupling.EVENTS]
    log_p, levels, widths = zip(*made, strict=True)
    return {
        "flow_alpha": np.array(log_p).astype(np.float16),
        "flow_alpha_level": np.array(levels).astype(np.float16),
        "flow_alpha_width": np.array(widths).astype(np.float32),
    }


def cut_sets(theta: np.ndarray, of_events: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points and summaries of the sets (M, 400, K) cut into smaller ones of each size."""
    points, found = [], []
    for n in coupling.EVENTS:
        n_parts = of_events.shape[1] // n
        parts = of_events.reshape(len(theta) * n_parts, n, -1)
        found.append(np.column_stack([parts.mean(1), np.full(len(parts), np.log(n))]))
        points.append(np.repeat(theta, n_parts, axis=0))
    return np.concatenate(points), np.concatenate(found)


def of_the_flow(
    fitted: posterior.Posterior, of_test: np.ndarray, truths: np.ndarray
) -> tuple[np.ndarray, list[float], float]:
    """Log densities (S, 46), levels at which intervals reach the truth, and the mean half width."""
    n_sets, n_events, _ = of_test.shape
    given = np.column_stack([of_test.mean(1), np.full(n_sets, np.log(n_events))])
    grid = np.tile(coupling.OF_FLOW, n_sets)[:, None]
    log_p = fitted.density.log_prob(grid, np.repeat(given, len(coupling.OF_FLOW), axis=0))
    log_p = log_p.reshape(n_sets, -1)
    log_p = np.maximum(log_p - log_p.max(1, keepdims=True), -60)
    curves = [coupling.Curve(coupling.OF_FLOW, one) for one in log_p]
    levels = [
        coupling.level_of_truth(one, truth, peak.MARGINALISED)
        for one, truth in zip(curves, truths, strict=True)
    ]
    width = float(np.mean([half_width(one, peak.MARGINALISED) for one in curves]))
    return log_p, levels, width
