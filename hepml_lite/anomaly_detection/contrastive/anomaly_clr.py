"""AnomalyCLR on trigger events: a representation in which strange events are far from background.

B. Dillon, L. Favaro, F. Feiden, T. Modak, T. Plehn, "Anomalies, Representations, and
Self-Supervision", arXiv:2301.04660. The paper's body is a transformer; the default here is a deep
set, which trains within a minute on one core. `body` takes any other.

Three steps: random views of background events (`event_augmentations`); a network that puts the
physical views together and the anomalous ones away (`loss`); an autoencoder on the representation
of background, whose error is the score.

Assumption: a real signal resembles one of the anomalous augmentations: more objects, more
momentum. These are a weak signal hypothesis. A signal that looks like softer or fewer objects than
background is not repelled, and may score below it. One notices by leaving out one augmentation at
a time, and by scoring each augmentation alone (`augmented_score`): what the detector does not see
there, it will not see in data.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Self, cast

import numpy as np
import torch
from torch import Tensor, nn

from hepml_lite import training
from hepml_lite.anomaly_detection.contrastive.event_augmentations import (
    ANOMALOUS,
    PHYSICAL,
    PLACES,
    EventAugmentation,
    all_of,
    one_of,
)
from hepml_lite.anomaly_detection.contrastive.loss import anomaly_clr_loss, anomaly_clr_plus_loss
from hepml_lite.anomaly_detection.outliers.autoencoder import Autoencoder
from hepml_lite.anomaly_detection.outliers.detector import OutlierDetector
from hepml_lite.containers.trigger_events import N_OBJECTS, TriggerEvents
from hepml_lite.densities.network_density import LARGEST_SEED, TrainingPlan
from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.statistics.settings_checks import Seed, checked_rng

LOG_PT = (3.0, 1.0)  # typical mean and spread of ln(pT / GeV) of an object
ETA = 2.0  # typical |eta|
N_FEATURES = 8  # ln pT, eta, cos phi, sin phi, and which of four kinds
LOSSES: dict[str, Callable[[Tensor, Tensor, Tensor, float], Tensor]] = {
    "AnomCLR": anomaly_clr_loss,
    "AnomCLR+": anomaly_clr_plus_loss,
}


def object_features(events: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, 19, 8) of order one, and the mask (N, 19) of real objects, of (N, 19, 3)."""
    pt, eta, phi = events.unbind(-1)
    mask = pt > 0
    mean, spread = LOG_PT
    log_pt = (torch.where(mask, pt, 1).log() - mean) / spread
    kinds = torch.zeros(N_OBJECTS, 4, device=events.device, dtype=events.dtype)
    kinds[0, 0] = 1
    for column, places in enumerate(PLACES.values(), start=1):
        kinds[places, column] = 1
    numbers = torch.stack([log_pt, eta / ETA, phi.cos(), phi.sin()], -1)
    features = torch.cat([numbers, kinds.expand(len(events), -1, -1)], -1)
    return torch.where(mask.unsqueeze(-1), features, 0), mask


class EventEncoder(nn.Module):
    """Events (N, 19, 3) → representation (N, D), with a projection head that only the loss uses.

    Args:
        body: maps (features (N, 19, 8), mask (N, 19)) to (N, D); None: a small deep set.
        n_representation: D.
    """

    def __init__(self, body: nn.Module | None = None, n_representation: int = 32):
        super().__init__()
        self.body = body or ParticleFlowNetwork(N_FEATURES, (64, 64), (64,), n_representation)
        self.head = MLP((n_representation, n_representation, n_representation))

    def forward(self, events: Tensor) -> Tensor:
        """Representation (N, D)."""
        return self.body(*object_features(events))

    def project(self, events: Tensor) -> Tensor:
        """What the loss compares, (N, D)."""
        return self.head(self(events))


@dataclass(kw_only=True)
class AnomalyCLR:
    """A contrastive representation of trigger events, and an outlier detector on it.

    Attributes:
        loss_name: "AnomCLR" or "AnomCLR+"; see `loss`.
        physical: augmentations that make z', all in turn.
        anomalous: augmentations of which one makes z*.
        temperature: τ.
        n_representation: D.
        body: see `EventEncoder`; it is trained in place.
        plan: of the contrastive training.
        detector: of outliers in the representation, on rows (N, D).
        encoder: after `fit`.
        history: of the contrastive training, after `fit`.

    Raises:
        ValueError: another name of a loss.
    """

    loss_name: str = "AnomCLR"
    physical: Sequence[EventAugmentation] = PHYSICAL
    anomalous: Sequence[EventAugmentation] = ANOMALOUS
    temperature: float = 0.5
    n_representation: int = 32
    body: nn.Module | None = field(default=None, repr=False)
    plan: TrainingPlan = field(
        default_factory=lambda: TrainingPlan(
            epochs=6, batch_size=256, learning_rate=2e-3, progress=False
        )
    )
    detector: OutlierDetector = field(
        default_factory=lambda: Autoencoder(
            n_latent=6,
            hidden=(32, 16),
            plan=TrainingPlan(epochs=10, learning_rate=2e-3, patience=None, progress=False),
        )
    )
    encoder: EventEncoder | None = field(default=None, init=False, repr=False)
    history: training.History | None = field(default=None, init=False, repr=False)

    def __post_init__(self):
        if self.loss_name not in LOSSES:
            raise ValueError(f"loss_name is {self.loss_name!r}: give one of {', '.join(LOSSES)}")

    def fit(self, background: TriggerEvents, *, rng: Seed = 0) -> Self:
        """Learn the representation, then the detector on it; labels are not used.

        Args:
            background: events of ordinary collisions.
            rng: of the weights, the augmentations and both trainings.
        """
        generator = checked_rng(rng)
        seed = int(generator.integers(LARGEST_SEED))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.encoder = EventEncoder(self.body, self.n_representation)
        self.history = self.plan.train(
            self.encoder,
            (background.objects,),
            self._loss,
            seed=seed,
        )
        self.detector.fit(self.represent(background), rng=generator)
        return self

    def represent(self, events: TriggerEvents) -> np.ndarray:
        """Representation (N, D) of events.

        Raises:
            RuntimeError: nothing has been fitted.
        """
        return self._represented(events.objects)

    def score(self, events: TriggerEvents) -> np.ndarray:
        """How strange each event is, (N,): the larger, the stranger."""
        return self.detector.score(self.represent(events))

    def augmented_score(
        self, events: TriggerEvents, step: EventAugmentation, seed: int = 0
    ) -> np.ndarray:
        """Scores (N,) of the events after one augmentation: does the detector see it?"""
        generator = torch.Generator().manual_seed(seed)
        changed = step(torch.tensor(events.objects), generator)
        return self.detector.score(self._represented(changed.numpy()))

    def _represented(self, objects: np.ndarray) -> np.ndarray:
        if self.encoder is None:
            raise RuntimeError("this AnomalyCLR is not trained: call fit(events) first")
        return training.predict(self.encoder, (objects,), 2048, self.plan.device)

    def _loss(self, encoder: nn.Module, events: Tensor) -> Tensor:
        network = cast(EventEncoder, encoder)
        if len(events) < 2:  # a last batch of one event has no others
            return 0 * network.project(events).sum()
        return LOSSES[self.loss_name](
            network.project(events),
            network.project(all_of(events, self.physical)),
            network.project(one_of(events, self.anomalous)),
            self.temperature,
        )
