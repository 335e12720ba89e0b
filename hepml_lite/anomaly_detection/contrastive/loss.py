"""The losses of AnomalyCLR: views of one event attract each other, its strange view is repelled.

With the cosine s of two representations, a temperature τ, the event z, a physical view z' and an
anomalous view z* (B. Dillon et al., arXiv:2301.04660):

    L_AnomCLR  = -log( exp[(s(z, z') - s(z, z*)) / τ] / Σ_j exp[s(z, z_j) / τ] ),
    L_AnomCLR+ = (s(z, z*) - s(z, z')) / τ,

where the sum runs over the other events of the batch and their physical views. The second has no
other events: nothing makes two different events of background differ, all may fall on one point.
That is its purpose, since a detector only needs background in one place, and its danger.
"""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from hepml_lite.statistics.settings_checks import checked_number


def anomaly_clr_loss(
    event: Tensor, physical: Tensor, anomalous: Tensor, temperature: float = 0.5
) -> Tensor:
    """L_AnomCLR of representations (N, D) of events and of two views, mean over all 2N vectors.

    Raises:
        ValueError: shapes that differ, fewer than two events, a temperature that is not positive.
    """
    z, view, strange = _on_sphere(event, physical, anomalous, temperature)
    every = torch.cat([z, view])  # (2N, D)
    similarity = every @ every.T / temperature
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device).repeat(2, 2)
    crowding = similarity.masked_fill(itself, -torch.inf).logsumexp(1)  # (2N,)
    return plus(z, view, strange, temperature) + crowding.mean()


def anomaly_clr_plus_loss(
    event: Tensor, physical: Tensor, anomalous: Tensor, temperature: float = 0.5
) -> Tensor:
    """L_AnomCLR+ of representations (N, D) of events and of two views, mean over the events.

    Raises:
        ValueError: as `anomaly_clr_loss`.
    """
    return plus(*_on_sphere(event, physical, anomalous, temperature), temperature)


def plus(z: Tensor, view: Tensor, strange: Tensor, temperature: float) -> Tensor:
    """Mean of (s(z, z*) - s(z, z')) / τ of points (N, D) on the sphere."""
    return ((z * strange).sum(1) - (z * view).sum(1)).mean() / temperature


def _on_sphere(
    event: Tensor, physical: Tensor, anomalous: Tensor, temperature: float
) -> tuple[Tensor, Tensor, Tensor]:
    """The three representations (N, D), normalised."""
    checked_number("temperature", temperature, 0, ends="()", example="0.5")
    shapes = [tuple(z.shape) for z in (event, physical, anomalous)]
    if len(set(shapes)) > 1 or len(event) < 2:
        raise ValueError(
            f"representations of shapes {shapes}: give three of (N, D) with N of 2 or more; is the "
            "last batch too small?"
        )
    return normalize(event, dim=1), normalize(physical, dim=1), normalize(anomalous, dim=1)
