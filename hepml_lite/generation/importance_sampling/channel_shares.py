"""Several channels in one density, each with the share that makes the error smallest.

With q = sum_k a_k q_k the variance of the weights f/q is V = int f^2/q - I^2, a convex function of
the shares a_k (R. Kleiss, R. Pittau, "Weight optimization in multichannel Monte Carlo",
hep-ph/9405257). At the minimum all channels with a share have the same

    W_k = int f^2 q_k / q^2,

and the iteration a_k -> a_k sqrt(W_k) / norm goes there. Stored points serve for the integrals: no
new evaluation is needed.
"""

import numpy as np

N_ITERATIONS = 60


def best_shares(
    values: np.ndarray,
    drawn_from: np.ndarray,
    channels: np.ndarray,
    least: float = 0.02,
) -> np.ndarray:
    """Shares (K,) that sum to one, each at least `least`.

    Args:
        values: f at points (N,).
        drawn_from: the density (N,) that the points were drawn from.
        channels: q_k at the points, (K, N).
        least: smallest share: a channel that is switched off could never prove useful again.
    """
    n_channels = len(channels)
    shares = np.full(n_channels, 1 / n_channels)
    squares = values**2 / drawn_from
    for _ in range(N_ITERATIONS):
        density = shares @ channels
        importance = (squares * channels / density**2).mean(1)  # W_k
        shares = shares * np.sqrt(importance)
        shares = np.maximum(shares / shares.sum(), least)
        shares = shares / shares.sum()
    return shares
