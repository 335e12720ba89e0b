"""darkCLR: a contrastive representation of jets for semivisible jets, judged by an energy.

L. Favaro, M. Krämer, T. Modak, T. Plehn, J. Rüschkamp, "Semi-visible jets, energy-based models, and
self-supervision", arXiv:2312.03067.

The step from AnomalyCLR: views of a jet instead of an event (rotation, soft smearing, collinear
splitting); one anomalous view, in which particles are dropped and the rest is scaled to the same
pT; the loss L_AnomCLR+; and a normalised autoencoder on the representation, whose vectors have
length one. The paper's body is a transformer; the default here is a deep set.

Assumption: what makes a jet strange is a lack of particles at the same pT. The anomalous view is
nearly the definition of a semivisible jet, so the method is told what to look for. One notices by
another signal: how well it finds tops, which have more particles, not fewer. And L_AnomCLR+ may
put all background on one point: look at the spread of the representation before the detector.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Self, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from hepml_lite import training
from hepml_lite.anomaly_detection.contrastive.loss import anomaly_clr_plus_loss
from hepml_lite.anomaly_detection.outliers.detector import OutlierDetector
from hepml_lite.anomaly_detection.outliers.normalised import Chains, NormalisedAutoencoder
from hepml_lite.containers.jets import Jets
from hepml_lite.densities.network_density import LARGEST_SEED, TrainingPlan
from hepml_lite.jet_physics.variations.augmentations import (
    CENTRED,
    Augmentation,
    augment,
    drop_particles,
    relative_particles,
)
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.self_supervised.contrastive import ContrastiveEncoder, embed
from hepml_lite.statistics.settings_checks import Seed, checked_rng

DROPPED: Sequence[Augmentation] = (partial(drop_particles, share=0.5),)


def lesson_detector() -> NormalisedAutoencoder:
    """A small normalised autoencoder of standardised representations."""
    return NormalisedAutoencoder(
        n_latent=3,
        hidden=(32, 16),
        plan=TrainingPlan(epochs=8, learning_rate=2e-3, patience=None, progress=False),
        normalising=TrainingPlan(epochs=3, batch_size=128, learning_rate=3e-4, progress=False),
        chains=Chains(step=1 / 64, cooling=0.02),
    )


@dataclass(kw_only=True)
class DarkCLR:
    """A contrastive representation of jets, and an outlier detector on it.

    Attributes:
        physical: augmentations that make z', all in turn.
        anomalous: augmentations that make z*, all in turn.
        temperature: τ of the loss.
        n_particles: leading particles of each jet that are used.
        n_representation: D.
        body: as in `self_supervised.contrastive.ContrastiveEncoder`; None: a small deep set.
        plan: of the contrastive training.
        detector: of outliers, on representations (N, D) on the unit sphere.
        encoder: after `fit`.
        history: of the contrastive training, after `fit`.
    """

    physical: Sequence[Augmentation] = CENTRED
    anomalous: Sequence[Augmentation] = DROPPED
    temperature: float = 0.5
    n_particles: int = 60
    n_representation: int = 32
    body: nn.Module | None = field(default=None, repr=False)
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=8, batch_size=256, learning_rate=2e-3, progress=False
        )
    )
    detector: OutlierDetector = field(default_factory=lesson_detector)
    encoder: ContrastiveEncoder | None = field(default=None, init=False, repr=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    def fit(self, background: Jets, *, rng: Seed = 0) -> Self:
        """Learn the representation, then the detector on it; labels are not used.

        Args:
            background: jets such as QCD jets.
            rng: of the weights, the augmentations and both trainings.
        """
        generator = checked_rng(rng)
        seed = int(generator.integers(LARGEST_SEED))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = self._untrained()
        self.history = self.plan.train(
            self.encoder,
            relative_particles(background, self.n_particles),
            self._loss,
            seed=seed,
        )
        self.detector.fit(self.represent(background), rng=generator)
        return self

    def represent(self, jets: Jets) -> np.ndarray:
        """Points (N, D) on the unit sphere.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        if self.encoder is None:
            raise RuntimeError("this DarkCLR is not trained: call fit(jets) first")
        return normalize(torch.as_tensor(embed(self.encoder, jets)), dim=1).numpy()

    def score(self, jets: Jets) -> np.ndarray:
        """How strange each jet is, (N,): the larger, the stranger."""
        return self.detector.score(self.represent(jets))

    def _untrained(self) -> ContrastiveEncoder:
        n_features = self.n_representation
        body = self.body or ParticleFlowNetwork(3, (64, 64), (64,), n_features)
        return ContrastiveEncoder(body, n_features, n_particles=self.n_particles)

    def _loss(self, encoder: nn.Module, jets: Tensor, mask: Tensor) -> Tensor:
        network = cast(ContrastiveEncoder, encoder)
        if len(jets) < 2:
            return 0 * network(jets, mask).sum()
        return anomaly_clr_plus_loss(
            network(
                jets, mask
            ),  # the paper compares the representations themselves, without a head
            network(*augment(jets, mask, self.physical)),
            network(*augment(jets, mask, self.anomalous)),
            self.temperature,
        )
