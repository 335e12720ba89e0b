"""Deep sets, faster: Φ reads all particles as rows of one matrix, in round numbers of rows.

P. T. Komiske, E. M. Metodiev, J. Thaler, arXiv:1810.05165; the readable form is
`hepml_lite.networks.deep_sets.sum_over_particles`.
"""

from torch import Tensor, nn
from torch.nn.functional import pad

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast.linear import apply_to_rows

ROWS = 512  # Φ is given a multiple of this many particles

choice.register("deep_sets", lambda: None)  # public functions; `linear` has a check of its own


def sum_over_particles(
    phi: nn.Module, inputs: Tensor, mask: Tensor, weights: Tensor | None = None
) -> Tensor:
    """Latent jets Σᵢ wᵢ Φ(xᵢ), (N, L), of inputs (N, P, F), mask and weights (N, P)."""
    n_jets, n_slots, _ = inputs.shape
    real = mask.flatten().nonzero().squeeze(1)  # (M,) where the M real particles are
    # A round number of rows, since each new number costs a new kernel and new memory: the
    # rows beyond the particles are zero and go to a jet beyond the last, which is dropped.
    extra = -len(real) % ROWS
    particles = pad(inputs.flatten(0, 1)[real], (0, 0, 0, extra))  # (N, P, F) → (M', F)
    jet = pad(real // n_slots, (0, extra), value=n_jets)  # (M',) the jet of each particle
    latent = apply_to_rows(phi, particles)  # (M', F) → (M', L)
    if weights is not None:
        w = pad(weights.flatten()[real], (0, extra))  # (N, P) → (M',)
        latent = latent * w.unsqueeze(1)
    jets = latent.new_zeros(n_jets + 1, latent.shape[1])  # zero for a jet without particles
    return jets.index_add(0, jet, latent)[:n_jets]  # (M', L) → (N, L)
