"""Checks of the generation tutorial: the pair of flow matching, Euler, the peak, the worth."""

import numpy as np
import torch

from hepml_lite.checks import Wrong, exercise
from hepml_lite.checks.comparison import compare
from hepml_lite.exact.drell_yan import Z_MASS, Z_WIDTH


def training_pair(noise, data, t):
    """x_t = (1 - t) noise + t data, and its velocity data - noise: (N, D), (N, D), (N,)."""
    share = t[:, None]
    return (1 - share) * noise + share * data, data - noise


@exercise("3.1", reference=training_pair)
def _(answer, reference, **context):
    generator = torch.Generator().manual_seed(31)
    noise, data = torch.randn(2, 5, 3, generator=generator)
    t = torch.tensor([0.1, 0.3, 0.45, 0.7, 0.9])
    found = answer(noise.clone(), data.clone(), t.clone())
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("return two tensors: the point x_t and the velocity, each (N, D)")
    point, velocity = reference(noise, data, t)
    backwards, _ = reference(data, noise, t)
    share = t[:, None]
    points = [
        (velocity, "the outputs are exchanged: first the point x_t, then the velocity"),
        (backwards, "time runs the wrong way: at t = 0 the point must be noise, at t = 1 data"),
        (noise + data, "x_t must depend on t: it is noise at t = 0 and data at t = 1"),
        (noise + share * data, "the noise must fade: its share is 1 - t"),
        (noise + share * (noise - data), "the difference has the wrong sign: at t = 1 the point "
         "must be data"),
        (torch.sqrt(1 - share**2) * noise + share * data, "this is a path on a circle, as in "
         "diffusion: its velocity is not data - noise. Here the path is a straight line"),
        (torch.sqrt(1 - share) * noise + torch.sqrt(share) * data, "these are square roots of the "
         "shares: the straight line has the shares themselves"),
        (point / 2, "the shares must sum to one: here is a factor 1/2 too much"),
    ]  # fmt: skip
    velocities = [
        (-velocity, "the velocity has the wrong sign: it leads from noise to data"),
        (data, "this velocity is the data: a straight line from noise to data also starts at the "
         "noise"),
        (share * velocity, "the velocity of a straight line is the same at all times: no factor t"),
        (velocity / share, "the velocity of a straight line is the same at all times: no factor "
         "1/t"),
        (data - point, "this is the way that is left at time t: divide it by 1 - t, or take "
         "data - noise"),
        (noise, "this is the noise, the target of diffusion: here the target is the velocity"),
        (point, "this is the point again: the velocity is its derivative by t"),
        (2 * velocity, "the velocity is twice too large"),
        ((velocity**2).sum(1), "this is the square of the velocity: the loss comes later"),
    ]  # fmt: skip
    compare(_numbers(found[0]), point, points, "points x_t (N, D)", rtol=1e-5, atol=1e-6)
    compare(_numbers(found[1]), velocity, velocities, "velocities (N, D)", rtol=1e-5, atol=1e-6)
    return "the network will learn the mean velocity of all lines that pass through a point."


def _numbers(value: object) -> object:
    """A tensor as an array; anything else as it is."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def euler(velocity, x, n_steps):
    """Follow dx/dt = velocity(x, t) from t = 0 to 1 in equal steps: x (N, D) → (N, D)."""
    dt = 1 / n_steps
    for step in range(n_steps):
        x = x + dt * velocity(x, step * dt)
    return x


@exercise("3.2", reference=euler)
def _(answer, reference, **context):
    start = torch.tensor([[1.0, -2.0], [0.5, 3.0], [-1.0, 0.2]])
    n = 4

    def velocity(x, t):
        return (0.8 - 1.1 * t) * x + t**2

    def stepped(times, dt, sign=1.0, x=start):
        for t in times:
            x = x + sign * dt * velocity(x, t)
        return x

    times = [step / n for step in range(n)]
    right = reference(velocity, start, n)
    mistakes = (
        (stepped(times, 1.0), "the length of a step is missing: multiply the velocity by "
         "1/n_steps"),
        (stepped(times, 1 / n, -1.0), "the sign is wrong: move along the velocity"),
        (stepped([0.0] * n, 1 / n), "time stands still at 0: the velocity changes with t"),
        (stepped([1.0] * n, 1 / n), "time stands still at 1: begin at t = 0"),
        (stepped(range(n), 1 / n), "t is the number of the step here: divide it by n_steps"),
        (stepped([(step + 1) / n for step in range(n)], 1 / n), "the first step must use the "
         "velocity at t = 0, not that at its end"),
        (stepped([1 - t for t in times], 1 / n), "time runs backwards: noise is at t = 0"),
        (stepped(times[:-1], 1 / n), "the last step is missing: n_steps steps lead from 0 to 1"),
        (stepped([*times, 1.0], 1 / n), "one step too many: n_steps steps lead from 0 to 1"),
        (stepped(times[1:], 1 / n), "the first step, at t = 0, is missing"),
        (stepped(times[:1], 1.0), "this is a single step over the whole time"),
        (start, "nothing has moved: assign the new position to x"),
        (start + sum(velocity(start, t) for t in times) / n, "each velocity is taken at the "
         "start: take it where the point is now"),
        (stepped(np.linspace(0, 1, n).tolist(), 1 / n), "these times reach 1 before the last "
         "step: step k begins at k / n_steps"),
        (velocity(start, 0.0), "this is the velocity itself: add it to the position, times dt"),
    )  # fmt: skip
    found = answer(velocity, start.clone(), n)
    compare(_numbers(found), right, mistakes, "positions (N, D)", rtol=1e-5, atol=1e-6)
    single = answer(velocity, start.clone(), 1)
    compare(_numbers(single), reference(velocity, start, 1), (), "positions", 1e-5, 1e-6)
    return "one evaluation of the network for each step: this is the price of a sample."


def angle_of_mass(mass):
    """The angle a [rad] of masses [GeV], m^2 = M^2 + M Gamma tan(a), and log |da/dm|: (N,) each."""
    tangent = (mass**2 - Z_MASS**2) / (Z_MASS * Z_WIDTH)
    slope = 2 * mass / (Z_MASS * Z_WIDTH * (1 + tangent**2))
    return np.arctan(tangent), np.log(slope)


@exercise("3.3", reference=angle_of_mass)
def _(answer, reference, **context):
    mass = np.array([62.0, 80.0, 90.0, 91.0, 94.0, 117.0])
    found = answer(mass.copy())
    if not isinstance(found, tuple | list) or len(found) != 2:
        raise Wrong("return two arrays: the angle and the logarithm of its slope, each (N,)")
    angle, log_slope = reference(mass)
    tangent = np.tan(angle)
    scale = Z_MASS * Z_WIDTH
    slope = np.exp(log_slope)
    angles = (
        (tangent, "this is tan(a): the angle is its arctangent"),
        (np.degrees(angle), "this is in degrees: use radians"),
        (-angle, "the sign is wrong: heavy pairs have a positive angle"),
        (np.arctan(1 / tangent), "the tangent is upside down"),
        (log_slope, "the outputs are exchanged: first the angle, then log |da/dm|"),
        (np.arctan((mass - Z_MASS) / Z_WIDTH), "this is linear in m: the peak of this exercise is "
         "one in m^2, with M Gamma below"),
        (np.arctan((mass - Z_MASS) / (Z_WIDTH / 2)), "this is the peak in m with half the width: "
         "the one of this exercise is in m^2, with M Gamma below"),
        (np.arctan((mass**2 - Z_MASS**2) / Z_WIDTH**2), "the scale is M Gamma, not Gamma^2"),
        (np.arctan((mass**2 - Z_MASS**2) / Z_WIDTH), "the units do not fit: divide by M Gamma, "
         "which is in GeV^2"),
        (np.arctan((mass**2 - Z_MASS**2) / Z_MASS**2), "the scale is M Gamma, not M^2"),
    )  # fmt: skip
    slopes = (
        (-log_slope, "the sign is wrong: this is log |dm/da|. p(m) = p(a) |da/dm|"),
        (slope, "this is the slope: take its logarithm"),
        (1 / slope, "this is |dm/da|: you need the logarithm of |da/dm|"),
        (log_slope - np.log(2 * mass), "the derivative of m^2 is missing: 2 m"),
        (log_slope - np.log(2), "a factor 2 is missing: the derivative of m^2 is 2 m"),
        (log_slope + np.log(scale), "the scale M Gamma is missing below"),
        (log_slope + np.log(1 + tangent**2), "the derivative of arctan is missing: "
         "1 / (1 + tan^2)"),
        (log_slope + 2 * np.log(1 + tangent**2), "the factor 1 + tan^2 belongs below, not above"),
        (log_slope + np.log(1 + tangent**2) - np.log(1 + angle**2), "the derivative of arctan is "
         "1 / (1 + tan^2), with the tangent and not with the angle"),
        (log_slope / np.log(10), "this is the decimal logarithm: use the natural one"),
        (angle, "this is the angle again: give the logarithm of its slope"),
    )  # fmt: skip
    compare(found[0], angle, angles, "angles (N,)")
    compare(found[1], log_slope, slopes, "logarithms of slopes (N,)")
    return "in this angle the peak is flat, and the slope brings the density back to the mass."


def worth(values, inner_edges):
    """True events with the same mean quantile error: values (N,), edges (Q - 1,)."""
    n_cells = len(inner_edges) + 1
    cells = np.searchsorted(inner_edges, values)
    shares = np.bincount(cells, minlength=n_cells) / len(values)
    error = np.mean((shares - 1 / n_cells) ** 2)
    return (1 - 1 / n_cells) / (n_cells * error)


@exercise("3.4", reference=worth)
def _(answer, reference, **context):
    values = np.concatenate([np.linspace(0.01, 0.99, 37) ** 1.3, [0.05, 0.11, -0.2, 1.4]])
    edges = np.array([0.2, 0.4, 0.6, 0.8])
    q = len(edges) + 1
    n = len(values)
    counts = np.bincount(np.searchsorted(edges, values), minlength=q)
    shares = counts / n
    error = np.mean((shares - 1 / q) ** 2)
    right = reference(values, edges)
    inner = counts[1:-1]
    inside = np.mean((inner / inner.sum() - 1 / len(inner)) ** 2)
    of_inner = np.mean((inner / n - 1 / q) ** 2)
    mistakes = (
        (error, "this is the error E itself: turn it into a number of events"),
        (right / n, "this is the factor of amplification: the worth is a number of events"),
        (1 / (q * error), "the factor 1 - 1/Q is missing: shares sum to one, so they are not "
         "independent"),
        ((1 - 1 / q) / error, "a factor 1/Q is missing: the variance of one share is "
         "(1 - 1/Q) / (Q n)"),
        (right / q, "E is a mean over the cells: here it is the sum"),
        (right * q, "E is divided by the number of cells twice"),
        ((1 - 1 / q) / (q * np.sqrt(error)), "this takes the root of E: the error here is a mean "
         "square"),
        (1 / right, "this is upside down: a small error is worth many events"),
        ((1 - 1 / q) / (q * np.mean((counts - 1 / q) ** 2)), "these are counts: divide them by "
         "their number to get shares"),
        ((1 - 1 / q) / (q * np.mean((counts - n / q) ** 2)), "these are counts: the law holds for "
         "shares"),
        ((1 - 1 / q) / (q * np.var(shares, ddof=1)), "this is the variance with Q - 1: the true "
         "share 1/Q is known, so divide by Q"),
        ((1 - 1 / q) / (q * np.mean(np.abs(shares - 1 / q))), "the differences must be squared"),
        ((1 - 1 / (q - 1)) / ((q - 1) * np.mean((shares - 1 / (q - 1)) ** 2)), "Q - 1 edges make "
         "Q cells: add one"),
        ((1 - 1 / len(inner)) / (len(inner) * inside), "the two outer cells are missing: events "
         "below the first and above the last edge count, too"),
        ((1 - 1 / q) / (q * of_inner), "the two outer cells are missing: events below the first "
         "and above the last edge count, too"),
        (float(n), "this is the number of values: what they are worth depends on their shares"),
    )  # fmt: skip
    found = answer(values.copy(), edges.copy())
    compare(found, np.array(right), mistakes, "one number")
    return "a sample of the truth is worth its own size, on average of 1/worth."
