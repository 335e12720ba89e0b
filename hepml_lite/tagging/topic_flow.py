"""TopicFlow: the densities of two topics in several observables, from two mixtures, without bins.

M. J. Dolan, A. Ore, "TopicFlow: Disentangling quark and gluon jets with normalizing flows", Phys.
Rev. D 107 (2023) 114003, arXiv:2211.16053.

Jet topics subtract histograms, which have too few jets a bin in two observables and more. Here each
topic is a normalizing flow. Its share in both mixtures is given: `jet_topics` measures it in one
observable. The paper trains each flow alone, with the loss -E_A[log T1] + kappa(A|B) E_B[log T1]
(eq. 6). The second term rewards a flow that gives jets of B no density at all, so for finite
samples this loss has no lower bound. Here both flows are fitted together, to the likelihood of both
mixtures, which the same two densities maximise.
"""

from dataclasses import dataclass, field
from functools import partial
from typing import Self

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from hepml_lite.densities.flow import Flow
from hepml_lite.densities.network_density import LARGEST_SEED, TrainingPlan
from hepml_lite.densities.rows import checked_table
from hepml_lite.statistics.settings_checks import Seed, checked_rng
from hepml_lite.tagging.weak_supervision import Fractions, checked_fractions


def _two_affine_layers() -> Flow:
    """Few and smooth layers: subtracted densities fluctuate more than measured ones."""
    return Flow(kind="affine", n_layers=2, hidden_features=(16,))


@dataclass(kw_only=True)
class TopicFlow:
    """p_A = f_A T1 + (1 - f_A) T2 and p_B = f_B T1 + (1 - f_B) T2, with a flow for T1 and for T2.

    Attributes:
        shape: settings of both flows; it is not trained itself.
        plan: of the training.
        topic_1: after `fit`, the flow of the topic that A is rich in; it has `log_prob`, `sample`.
        topic_2: after `fit`, that of the topic that B is rich in.
    """

    shape: Flow = field(default_factory=_two_affine_layers)
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=20, batch_size=256, learning_rate=1e-2, progress=False
        )
    )
    topic_1: Flow = field(init=False, repr=False)
    topic_2: Flow = field(init=False, repr=False)

    def fit(self, a: ArrayLike, b: ArrayLike, fractions: Fractions, rng: Seed = 0) -> Self:
        """Learn both topics.

        Args:
            a: observables (N, D) of the jets of mixture A.
            b: (M, D) of mixture B.
            fractions: shares (f_A, f_B) of topic 1, 1 >= f_A > f_B >= 0.
            rng: of the held-out jets, the initial weights and the training.

        Raises:
            ValueError: numbers that are not finite, other observables in B, or fractions that are
                equal or not in order.
        """
        checked_fractions(fractions)
        tables = checked_table("a", a), checked_table("b", b)
        if tables[0].shape[1] != tables[1].shape[1]:
            raise ValueError(
                f"a has {tables[0].shape[1]} observables and b {tables[1].shape[1]}: give the same "
                "ones in the same order"
            )
        generator = checked_rng(rng)
        rows = torch.as_tensor(np.concatenate(tables))
        share = np.repeat(fractions, [len(table) for table in tables])
        order = generator.permutation(len(rows))
        seed = int(generator.integers(LARGEST_SEED))
        self.topic_1, self.topic_2 = (_untrained(self.shape, rows, seed + k) for k in (0, 1))
        z, _ = self.topic_1.change.forward(rows[order])
        data = z.float(), torch.as_tensor(share[order], dtype=torch.float32)
        n_held_out = max(1, round(self.plan.validation_share * len(rows)))
        both = nn.ModuleList([self.topic_1.fitted_network(), self.topic_2.fitted_network()])
        self.plan.train(
            both,
            [part[n_held_out:] for part in data],
            partial(mixture_loss, self.shape),
            validation=[part[:n_held_out] for part in data],
            seed=seed,
        )
        return self

    def log_ratio(self, x: ArrayLike) -> np.ndarray:
        """log T1(x)/T2(x) of jets (N, D), (N,): a tagger that has seen no label."""
        return self.topic_1.log_prob(x) - self.topic_2.log_prob(x)


def mixture_loss(flow: Flow, both: nn.ModuleList, z: Tensor, share: Tensor) -> Tensor:
    """-log(f T1(z) + (1 - f) T2(z)), the mean over jets of both mixtures.

    Args:
        flow: says how a network gives a density.
        both: the networks of T1 and T2.
        z: (N, D) standardised observables.
        share: (N,) f of the mixture that each jet is from.
    """
    nothing = z.new_zeros(len(z), 0)  # no conditions
    first, second = (flow.log_density(network, z, nothing) for network in both)
    return -torch.logaddexp(first + torch.log(share), second + torch.log1p(-share)).mean()


def _untrained(shape: Flow, rows: Tensor, seed: int) -> Flow:
    """A flow of these settings with new weights, in variables that standardise the rows (N, D)."""
    flow = Flow(
        kind=shape.kind,
        n_layers=shape.n_layers,
        hidden_features=shape.hidden_features,
        n_bins=shape.n_bins,
        box=shape.box,
        n_modes=shape.n_modes,
    )
    flow.change.fit(rows)
    flow.n_features = rows.shape[1]
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        flow.network = flow.untrained_network()
    return flow
