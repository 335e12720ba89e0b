"""A steeply falling spectrum behind a detector that smears by about a bin."""

import numpy as np


def problem(n_true=12, n_measured=None, smearing=1.1, efficiency=0.85, rng=0):
    """Response (M, T), prior (T,), truth of nature (T,), Poisson counts (M,)."""
    n_measured = n_measured or n_true
    true = np.linspace(0, 1, n_true)
    measured = np.linspace(0, 1, n_measured)
    distance = (measured[:, None] - true) * (n_true - 1) / smearing
    response = np.exp(-0.5 * distance**2)
    response *= efficiency * np.linspace(0.8, 1, n_true) / response.sum(axis=0)
    prior = 4000 * np.exp(-2 * true)
    nature = 4500 * np.exp(-1.5 * true) * (1 + 0.2 * np.sin(5 * true))
    counts = np.random.default_rng(rng).poisson(response @ nature).astype(float)
    return response, prior, nature, counts
