"""Typical answers to the exercises of the generation tutorial."""

from itertools import pairwise

import numpy as np
import torch

from hepml_lite.checks.event_challenge import train
from hepml_lite.course.catalogue import Catalogue
from hepml_lite.exact.drell_yan import Z_MASS, Z_WIDTH, DrellYan

pair = Catalogue("3.1")


@pair.right
def with_lerp(noise, data, t):
    return torch.lerp(noise, data, t[:, None]), data - noise


@pair.right
def as_a_list(noise, data, t):
    t = t.unsqueeze(1)
    return [noise + t * (data - noise), data - noise]


@pair.wrong("outputs are exchanged")
def swapped_outputs(noise, data, t):
    return data - noise, noise + t[:, None] * (data - noise)


@pair.wrong("time runs the wrong way")
def backwards(noise, data, t):
    t = t[:, None]
    return t * noise + (1 - t) * data, noise - data


@pair.wrong("leads from noise to data")
def velocity_of_the_way_back(noise, data, t):
    return noise + t[:, None] * (data - noise), noise - data


@pair.wrong("this velocity is the data")
def data_as_velocity(noise, data, t):
    return noise + t[:, None] * (data - noise), data


@pair.wrong("target of diffusion")
def noise_as_velocity(noise, data, t):
    return noise + t[:, None] * (data - noise), noise


@pair.wrong("no factor t")
def velocity_times_t(noise, data, t):
    t = t[:, None]
    return noise + t * (data - noise), t * (data - noise)


@pair.wrong("the way that is left")
def rest_of_the_way(noise, data, t):
    point = noise + t[:, None] * (data - noise)
    return point, data - point


@pair.wrong("noise must fade")
def noise_that_stays(noise, data, t):
    return noise + t[:, None] * data, data - noise


@pair.wrong("path on a circle")
def on_a_circle(noise, data, t):
    t = t[:, None]
    return torch.sqrt(1 - t**2) * noise + t * data, data - noise


@pair.wrong("square roots of the shares")
def roots(noise, data, t):
    t = t[:, None]
    return torch.sqrt(1 - t) * noise + torch.sqrt(t) * data, data - noise


@pair.wrong("return two tensors")
def point_alone(noise, data, t):
    return noise + t[:, None] * (data - noise)


@pair.wrong("the point again")
def point_twice(noise, data, t):
    point = noise + t[:, None] * (data - noise)
    return point, point


@pair.wrong("must depend on t")
def no_time(noise, data, t):
    return noise + data, data - noise


@pair.wrong("t = 1 the point must be data|t = 1 data")
def wrong_sign_of_the_way(noise, data, t):
    return noise + t[:, None] * (noise - data), data - noise


steps = Catalogue("3.2")


@steps.right
def with_a_while_loop(velocity, x, n_steps):
    t = 0.0
    for _ in range(n_steps):
        x = x + velocity(x, t) / n_steps
        t += 1 / n_steps
    return x


@steps.right
def over_times(velocity, x, n_steps):
    times = np.linspace(0, 1, n_steps + 1)
    for now, then in pairwise(times):
        x = x + (then - now) * velocity(x, now)
    return x


@steps.wrong("length of a step is missing")
def no_dt(velocity, x, n_steps):
    for step in range(n_steps):
        x = x + velocity(x, step / n_steps)
    return x


@steps.wrong("sign is wrong")
def minus(velocity, x, n_steps):
    for step in range(n_steps):
        x = x - velocity(x, step / n_steps) / n_steps
    return x


@steps.wrong("time stands still at 0")
def frozen(velocity, x, n_steps):
    for _ in range(n_steps):
        x = x + velocity(x, 0.0) / n_steps
    return x


@steps.wrong("number of the step")
def integer_times(velocity, x, n_steps):
    for step in range(n_steps):
        x = x + velocity(x, step) / n_steps
    return x


@steps.wrong("not that at its end")
def end_of_the_step(velocity, x, n_steps):
    for step in range(n_steps):
        x = x + velocity(x, (step + 1) / n_steps) / n_steps
    return x


@steps.wrong("time runs backwards")
def reversed_time(velocity, x, n_steps):
    for step in range(n_steps):
        x = x + velocity(x, 1 - step / n_steps) / n_steps
    return x


@steps.wrong("last step is missing")
def one_too_few(velocity, x, n_steps):
    for step in range(n_steps - 1):
        x = x + velocity(x, step / n_steps) / n_steps
    return x


@steps.wrong("one step too many")
def one_too_many(velocity, x, n_steps):
    for step in range(n_steps + 1):
        x = x + velocity(x, step / n_steps) / n_steps
    return x


@steps.wrong("first step, at t = 0, is missing")
def without_the_first(velocity, x, n_steps):
    for step in range(1, n_steps):
        x = x + velocity(x, step / n_steps) / n_steps
    return x


@steps.wrong("nothing has moved")
def not_assigned(velocity, x, n_steps):
    for step in range(n_steps):
        x + velocity(x, step / n_steps) / n_steps
    return x


@steps.wrong("taken at the start")
def velocities_at_the_start(velocity, x, n_steps):
    return x + sum(velocity(x, step / n_steps) for step in range(n_steps)) / n_steps


@steps.wrong("reach 1 before the last step")
def linspace_to_one(velocity, x, n_steps):
    for t in np.linspace(0, 1, n_steps):
        x = x + velocity(x, t) / n_steps
    return x


@steps.wrong("forget `return`")
def no_return(velocity, x, n_steps):
    for step in range(n_steps):
        x = x + velocity(x, step / n_steps) / n_steps


peak = Catalogue("3.3")
SCALE = Z_MASS * Z_WIDTH


def _angle(mass):
    return np.arctan((mass**2 - Z_MASS**2) / SCALE)


def _slope(mass):
    return 2 * mass / (SCALE * (1 + ((mass**2 - Z_MASS**2) / SCALE) ** 2))


@peak.right
def by_the_breit_wigner(mass):
    line = 2 * mass * SCALE / ((mass**2 - Z_MASS**2) ** 2 + SCALE**2)
    return _angle(mass), np.log(line)


@peak.right
def by_the_cosine(mass):
    angle = np.arctan2(mass**2 - Z_MASS**2, SCALE)
    return angle, np.log(2 * mass / SCALE) + 2 * np.log(np.cos(angle))


@peak.wrong("log .dm/da")
def inverse_slope(mass):
    return _angle(mass), -np.log(_slope(mass))


@peak.wrong("take its logarithm")
def no_logarithm(mass):
    return _angle(mass), _slope(mass)


@peak.wrong("derivative of m.2 is missing")
def no_chain_rule(mass):
    return _angle(mass), np.log(_slope(mass) / (2 * mass))


@peak.wrong("factor 2 is missing")
def half_the_chain_rule(mass):
    return _angle(mass), np.log(_slope(mass) / 2)


@peak.wrong("scale M Gamma is missing")
def no_scale(mass):
    return _angle(mass), np.log(_slope(mass) * SCALE)


@peak.wrong("derivative of arctan is missing")
def no_derivative_of_arctan(mass):
    return _angle(mass), np.log(2 * mass / SCALE)


@peak.wrong("belongs below")
def arctan_upside_down(mass):
    tangent = (mass**2 - Z_MASS**2) / SCALE
    return _angle(mass), np.log(2 * mass * (1 + tangent**2) / SCALE)


@peak.wrong("not with the angle")
def angle_for_the_tangent(mass):
    return _angle(mass), np.log(2 * mass / (SCALE * (1 + _angle(mass) ** 2)))


@peak.wrong("this is tan")
def tangent_for_the_angle(mass):
    return (mass**2 - Z_MASS**2) / SCALE, np.log(_slope(mass))


@peak.wrong("use radians")
def degrees(mass):
    return np.degrees(_angle(mass)), np.log(_slope(mass))


@peak.wrong("linear in m:")
def linear_peak(mass):
    return np.arctan((mass - Z_MASS) / Z_WIDTH), np.log(_slope(mass))


@peak.wrong("half the width")
def half_width(mass):
    return np.arctan(2 * (mass - Z_MASS) / Z_WIDTH), np.log(_slope(mass))


@peak.wrong("not Gamma.2")
def width_squared(mass):
    return np.arctan((mass**2 - Z_MASS**2) / Z_WIDTH**2), np.log(_slope(mass))


@peak.wrong("outputs are exchanged")
def exchanged(mass):
    return np.log(_slope(mass)), _angle(mass)


@peak.wrong("decimal logarithm")
def decimal(mass):
    return _angle(mass), np.log10(_slope(mass))


@peak.wrong("return two arrays")
def angle_alone(mass):
    return _angle(mass)


value = Catalogue("3.4")


@value.right
def with_histogram(values, inner_edges):
    edges = np.concatenate([[-np.inf], inner_edges, [np.inf]])
    q = len(edges) - 1
    counts = np.array([((values > a) & (values <= b)).sum() for a, b in pairwise(edges)])
    error = ((counts / counts.sum() - 1 / q) ** 2).sum() / q
    return (q - 1) / (q**2 * error)


def _shares(values, inner_edges):
    counts = np.bincount(np.searchsorted(inner_edges, values), minlength=len(inner_edges) + 1)
    return counts / len(values), len(inner_edges) + 1


@value.wrong("error E itself")
def error_alone(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return np.mean((shares - 1 / q) ** 2)


@value.wrong("factor of amplification")
def factor(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return (1 - 1 / q) / (q * np.mean((shares - 1 / q) ** 2)) / len(values)


@value.wrong("factor 1 - 1/Q is missing")
def independent_cells(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return 1 / (q * np.mean((shares - 1 / q) ** 2))


@value.wrong("factor 1/Q is missing")
def no_cells(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return (1 - 1 / q) / np.mean((shares - 1 / q) ** 2)


@value.wrong("mean over the cells")
def sum_for_mean(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return (1 - 1 / q) / (q * np.sum((shares - 1 / q) ** 2))


@value.wrong("root of E")
def with_root(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return (1 - 1 / q) / (q * np.sqrt(np.mean((shares - 1 / q) ** 2)))


@value.wrong("upside down")
def inverted(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return q * np.mean((shares - 1 / q) ** 2) / (1 - 1 / q)


@value.wrong("these are counts: the law")
def counts_for_shares(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    n = len(values)
    return (1 - 1 / q) / (q * np.mean((n * shares - n / q) ** 2))


@value.wrong("these are counts: divide")
def counts_against_a_share(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return (1 - 1 / q) / (q * np.mean((len(values) * shares - 1 / q) ** 2))


@value.wrong("Q - 1 edges make")
def edges_for_cells(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    q = q - 1
    return (1 - 1 / q) / (q * np.mean((shares - 1 / q) ** 2))


@value.wrong("two outer cells are missing")
def inner_cells_only(values, inner_edges):
    counts, _ = np.histogram(values, inner_edges)
    q = len(counts)
    return (1 - 1 / q) / (q * np.mean((counts / counts.sum() - 1 / q) ** 2))


@value.wrong("must be squared")
def absolute(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return (1 - 1 / q) / (q * np.mean(np.abs(shares - 1 / q)))


@value.wrong("true share 1/Q is known")
def sample_variance(values, inner_edges):
    shares, q = _shares(values, inner_edges)
    return (1 - 1 / q) / (q * np.var(shares, ddof=1))


@value.wrong("number of values")
def size(values, inner_edges):
    return len(values)


PRACTICE = DrellYan().events(2000, rng=3)[0]
challenge = Catalogue("3.5", context={"practice": PRACTICE})


def _noisy(events, n, seed, widths):
    rng = np.random.default_rng(seed)
    return events[rng.integers(len(events), size=n)] + rng.normal(size=(n, 4)) * widths


@challenge.right
def kernels_in_shares(events):
    """Smeared training events, in coordinates where the peak is flat."""
    from hepml_lite.generation.events import PeakShares

    shares = PeakShares()
    logits = np.log(shares.of_events(events) / (1 - shares.of_events(events)))

    def sample(n, seed):
        rng = np.random.default_rng(seed)
        z = logits[rng.integers(len(logits), size=n)] + 0.25 * rng.normal(size=(n, 3))
        return shares.to_events(1 / (1 + np.exp(-z)), rng)

    return sample


@challenge.wrong("copies of the training")
def resampled(events):
    return lambda n, seed: _noisy(events, n, seed, np.zeros(4))


@challenge.wrong("mass differs most")
def gaussian(events):
    def sample(n, seed):
        rng = np.random.default_rng(seed)
        return rng.multivariate_normal(events.mean(0), np.cov(events.T), n)

    return sample


@challenge.wrong("mass differs most")
def much_noise(events):
    return lambda n, seed: _noisy(events, n, seed, np.array([5, 0.1, 0.02, 0.1]))


@challenge.wrong("standardised")
def not_rescaled(events):
    z = (events - events.mean(0)) / events.std(0)
    return lambda n, seed: _noisy(z, n, seed, 0.05 * np.ones(4))


@challenge.wrong("transposed")
def transposed(events):
    return lambda n, seed: _noisy(events, n, seed, 0.01 * np.ones(4)).T


@challenge.wrong("give mass, rapidity")
def three_columns(events):
    return lambda n, seed: _noisy(events, n, seed, 0.01 * np.ones(4))[:, :3]


@challenge.wrong("eight momenta")
def momenta(events):
    known = DrellYan()
    return lambda n, seed: known.four_vectors(_noisy(events, n, seed, np.zeros(4))).reshape(-1, 8)


@challenge.wrong("GeV, not MeV")
def in_mev(events):
    return lambda n, seed: _noisy(events, n, seed, np.zeros(4)) * [1000, 1, 1, 1]


@challenge.wrong("as many as asked for")
def too_few(events):
    return lambda n, seed: events


@challenge.wrong("between 0 and 1")
def shares_not_turned_back(events):
    from hepml_lite.generation.events import PeakShares

    shares = np.column_stack([PeakShares().of_events(events), events[:, 3]])
    return lambda n, seed: _noisy(shares, n, seed, np.zeros(4))


@challenge.wrong("no cosine")
def momenta_for_events(events):
    from hepml_lite.generation.events import Momenta

    z = Momenta().of_events(events)
    return lambda n, seed: _noisy(z, n, seed, np.zeros(4))


@challenge.wrong("all events are the same")
def mean_event(events):
    return lambda n, seed: np.tile(events.mean(0), (n, 1))


@challenge.wrong("masses are those of training events")
def shuffled_features(events):
    def sample(n, seed):
        rng = np.random.default_rng(seed)
        columns = [events[rng.integers(len(events), size=n), i] for i in range(4)]
        return np.stack(columns, 1) + [0, 1e-3, 1e-3, 0] * rng.normal(size=(n, 4))

    return sample


@challenge.wrong("return a function")
def events_for_a_function(events):
    return train(events)(100, 0)


@challenge.wrong("NaN or infinite")
def with_nan(events):
    return lambda n, seed: _noisy(events, n, seed, np.full(4, np.nan))
