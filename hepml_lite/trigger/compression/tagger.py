"""A small jet tagger for a chip: a dozen observables, five classes, as the first one of hls4ml.

J. Duarte et al., arXiv:1804.06913, had 16 observables and 16-64-32-32-5 nodes; here it is smaller,
so that synthesis takes minutes.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch

from hepml_lite import training
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.observables.catalogue import observable_table
from hepml_lite.statistics.metrics import auc
from hepml_lite.trigger.anomaly.variational import FloatEncoder
from hepml_lite.trigger.fixed_point import FixedPoint

OBSERVABLES = (
    "mass",
    "multiplicity",
    "width",
    "thrust",
    "pt_dispersion",
    "tau21",
    "tau32",
    "c2",
    "d2",
    "n2",
    "m2",
    "soft_drop_mass",
)
CLASSES = ("quark", "gluon", "W", "Z", "top")
SIZES = (len(OBSERVABLES), 16, 12, len(CLASSES))
INPUT = FixedPoint(8, 3, True, "RND", "SAT")
WIDE_INPUT = FixedPoint(16, 5, True, "RND", "SAT")


@dataclass(frozen=True)
class JetInputs:
    """Observables in units of their spread, (x - offset) / 2^shift, as a chip can compute them.

    Attributes:
        offset: (D,) means of the training jets.
        shift: (D,) powers of two nearest to the standard deviations.
    """

    offset: np.ndarray
    shift: np.ndarray

    @classmethod
    def of_training(cls, table: np.ndarray) -> Self:
        """Learn offsets and shifts from observables (N, D)."""
        return cls(table.mean(axis=0), np.rint(np.log2(table.std(axis=0))))

    def __call__(self, table: np.ndarray) -> np.ndarray:
        """The inputs of the network, (N, D) float32."""
        return ((table - self.offset) * 2.0**-self.shift).astype(np.float32)


def observables(jets: Jets) -> tuple[np.ndarray, np.ndarray]:
    """The observables (N, D) of the jets of the five classes, and their labels (N,).

    Raises:
        ValueError: if a class is missing.
    """
    missing = [name for name in CLASSES if name not in jets.names]
    if missing:
        raise ValueError(f"no class {missing}: give jets of load('jet_classes')")
    of_class = np.array([jets.names.index(name) for name in CLASSES])
    chosen = jets[np.isin(jets.label, of_class)]
    labels = np.searchsorted(of_class, chosen.label, sorter=np.argsort(of_class))
    return observable_table(chosen, OBSERVABLES).to_numpy(float), np.argsort(of_class)[labels]


def train_tagger(
    inputs: np.ndarray,
    labels: np.ndarray,
    sizes: tuple[int, int, int, int] = SIZES,
    *,
    epochs: int = 40,
    seed: int = 0,
) -> FloatEncoder:
    """Train a float tagger on inputs (N, D) and labels (N,)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = FloatEncoder(sizes)
    training.fit(
        network,
        (inputs, labels),
        training.cross_entropy,
        epochs=epochs,
        learning_rate=3e-3,
        schedule=training.cosine,
        seed=seed,
        device="cpu",
        progress=False,
    )
    return network


def mean_auc(logits: np.ndarray, labels: np.ndarray) -> float:
    """The mean area under the ROC curves of each class against all others.

    Args:
        logits: (N, n_classes), of any common factor.
        labels: (N,).
    """
    areas = []
    for place in range(logits.shape[1]):
        others = np.delete(logits, place, axis=1)
        score = logits[:, place] - np.logaddexp.reduce(others, axis=1)
        areas.append(auc(labels == place, score))
    return float(np.mean(areas))
