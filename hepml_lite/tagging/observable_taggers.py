"""Taggers that read observables instead of particles."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter1d
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.preprocessing import StandardScaler

from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.observables import n_subjettiness
from hepml_lite.jet_physics.observables.catalogue import observable_table
from hepml_lite.jet_physics.observables.energy_flow_polynomials import (
    energy_flow_polynomials,
    linear_classifier,
)
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.tagging.tagger import Tagger
from hepml_lite.training import cosine, count_parameters, cross_entropy, fit, predict

#: Observables of the boosted trees, by their names in `observables.catalogue`.
OBSERVABLES = (
    "pt", "mass", "soft_drop_mass", "zg", "rg", "tau21", "tau32", "multiplicity", "width",
    "pt_dispersion", "c2", "d2",
)  # fmt: skip
BETAS = (0.5, 1.0, 2.0)  # angular exponents of the N-subjettiness basis


class MassTagger(Tagger):
    """The likelihood ratio of the jet mass: better than any cut, or window, on the mass.

    By the lemma of Neyman and Pearson no other function of the mass rejects more, up to what the
    binning loses. Both densities are histograms, smoothed with a Gaussian.

    Args:
        bins: number of bins of equal width, from the 0.1 % to the 99.9 % quantile of the mass.
        smoothing: width of the Gaussian in bins.
    """

    def __init__(self, bins: int = 60, smoothing: float = 1.0):
        if bins < 2 or smoothing < 0:
            raise ValueError(f"bins={bins}, smoothing={smoothing}: give at least 2, at least 0.")
        self.bins = bins
        self.smoothing = smoothing

    @property
    def n_parameters(self) -> int:
        """Number of bins, with one ratio each."""
        return self.bins

    def features(self, jets: Jets) -> np.ndarray:
        """Jet mass [GeV], (N, 1)."""
        return jets.mass[:, None]

    def _fit(self, features: np.ndarray, label: np.ndarray, seed: int) -> None:
        mass = features[:, 0]
        low, high = np.quantile(mass, (0.001, 0.999))
        edges = np.linspace(low, high, self.bins + 1)
        self.centres = (edges[1:] + edges[:-1]) / 2
        background = self._log_density(mass[label == 0], edges)
        signal = self._log_density(mass[label == 1], edges)
        self.log_ratio = signal - background  # (bins,)

    def _log_density(self, mass: np.ndarray, edges: np.ndarray) -> np.ndarray:
        counts = np.histogram(np.clip(mass, edges[0], edges[-1]), edges)[0].astype(float)
        if self.smoothing:
            counts = gaussian_filter1d(counts, self.smoothing, mode="nearest")
        counts += 0.5  # an empty bin must not give an infinite ratio
        return np.log(counts / counts.sum())

    def _score(self, features: np.ndarray) -> np.ndarray:
        return np.interp(features[:, 0], self.centres, self.log_ratio)


class BoostedTrees(Tagger):
    """Boosted decision trees on `OBSERVABLES`, the workhorse of the experiments.

    scikit-learn's histogram-based gradient boosting; its score is the log-odds.

    Args:
        trees: number of trees, fitted one after another.
        leaves: largest number of leaves of a tree.
        learning_rate: factor on the output of each tree.
        observables: names of `hepml_lite.jet_physics.observables.catalogue`.
    """

    def __init__(
        self, trees: int = 200, leaves: int = 15, learning_rate: float = 0.06,
        observables: tuple[str, ...] = OBSERVABLES,
    ):  # fmt: skip
        self.trees = trees
        self.leaves = leaves
        self.learning_rate = learning_rate
        self.observables = tuple(observables)

    @property
    def n_parameters(self) -> int:
        """Leaves and splits of all trees: a leaf holds a value, a split a threshold."""
        self._require_fit()
        # scikit-learn keeps the trees in a private attribute, one list for each iteration.
        return sum(len(tree.nodes) for step in self.model._predictors for tree in step)

    def features(self, jets: Jets) -> np.ndarray:
        """The observables, (N, F) in the order of `observables`."""
        return observable_table(jets, self.observables).to_numpy()

    def _fit(self, features: np.ndarray, label: np.ndarray, seed: int) -> None:
        self.model = HistGradientBoostingClassifier(
            max_iter=self.trees, max_leaf_nodes=self.leaves, learning_rate=self.learning_rate,
            early_stopping=False, random_state=seed,
        ).fit(features, label)  # fmt: skip

    def _score(self, features: np.ndarray) -> np.ndarray:
        return self.model.decision_function(features)


class EnergyFlowLinear(Tagger):
    """Fisher's linear discriminant on energy flow polynomials up to a degree (arXiv:1712.07124).

    It is linear, but can approximate every infrared and collinear safe observable. The tagger in
    arXiv:1902.09914 has degree 7, which is 1000 polynomials.

    Args:
        degree: largest number of angles in a product, up to 7.
        beta: exponent of the angles.
        shrinkage: see `energy_flow_polynomials.linear_classifier`.
    """

    def __init__(self, degree: int = 5, beta: float = 0.5, shrinkage: float = 1e-6):
        self.degree = degree
        self.beta = beta
        self.shrinkage = shrinkage

    @property
    def n_parameters(self) -> int:
        """Number of coefficients, one for each polynomial; the constant gives the threshold."""
        self._require_fit()
        return self.model[-1].coef_.size

    def features(self, jets: Jets) -> np.ndarray:
        """All polynomials, products of prime ones included, (N, F)."""
        return energy_flow_polynomials(jets, self.degree, self.beta, prime=False)

    def _fit(self, features: np.ndarray, label: np.ndarray, seed: int) -> None:
        self.model = linear_classifier(features, label, self.shrinkage)

    def _score(self, features: np.ndarray) -> np.ndarray:
        return self.model.decision_function(features)


def n_subjettiness_basis(jets: Jets, bodies: int = 6) -> np.ndarray:
    """The N-subjettinesses that fix the phase space of M bodies, jet mass and pT: (N, 3 M - 2).

    The columns are tau_N^(beta) with beta = 1/2, 1 and 2 for N = 1 … M - 2, then with beta = 1 and
    2 for N = M - 1: 3 M - 4 numbers, the dimension of M-body phase space (arXiv:1704.08249). The
    last two columns are the mass and pT [GeV] (arXiv:1807.04769). The axes are FastJet's one-pass
    winner-takes-all axes.

    Raises:
        ValueError: if bodies is below 2.
    """
    if bodies < 2:
        raise ValueError(f"bodies={bodies}: give at least 2; the papers take 3 to 8.")

    def basis(part: Jets) -> np.ndarray:
        orders = np.arange(1, bodies)
        taus = np.stack([n_subjettiness(part, orders.tolist(), beta) for beta in BETAS], axis=-1)
        # (N, M - 1, 3); the last N has no beta = 1/2
        flat = taus.reshape(len(part), len(BETAS) * len(orders))
        keep = np.delete(flat, 3 * (bodies - 2), axis=1)
        return np.column_stack([keep, part.mass, part.pt])

    return np.concatenate([basis(part) for part in chunks(jets)])


class NSubjettinessMLP(Tagger):
    """A dense network on the N-subjettiness basis ("multi-body" in arXiv:1902.09914).

    Args:
        bodies: M, see `n_subjettiness_basis`.
        hidden: sizes of the hidden layers; the default has 56 302 parameters for M = 6 and 57 502
            for M = 8 (57k and 58k in the table of the paper).
        dropout: probability to drop a hidden activation in training.
        epochs: passes over the jets.
        batch_size: jets in a step.
        learning_rate: of Adam at the start; it falls as half a cosine.
    """

    def __init__(
        self, bodies: int = 6, hidden: tuple[int, ...] = (200, 200, 50, 50), dropout: float = 0.1,
        epochs: int = 20, batch_size: int = 256, learning_rate: float = 2e-3,
    ):  # fmt: skip
        self.bodies = bodies
        self.hidden = tuple(hidden)
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate

    @property
    def n_parameters(self) -> int:
        """Weights and biases of the network."""
        self._require_fit()
        return count_parameters(self.model)

    def features(self, jets: Jets) -> np.ndarray:
        """The basis, (N, 3 M - 2)."""
        return n_subjettiness_basis(jets, self.bodies)

    def _fit(self, features: np.ndarray, label: np.ndarray, seed: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.model = MLP((features.shape[1], *self.hidden, 2), dropout=self.dropout)
        self.scaler = StandardScaler().fit(features)
        fit(
            self.model, (self._inputs(features), label), cross_entropy, epochs=self.epochs,
            batch_size=self.batch_size, learning_rate=self.learning_rate, schedule=cosine,
            seed=seed, progress=False,
        )  # fmt: skip

    def _inputs(self, features: np.ndarray) -> np.ndarray:
        return self.scaler.transform(features).astype(np.float32)

    def _score(self, features: np.ndarray) -> np.ndarray:
        logits = predict(self.model, (self._inputs(features),), batch_size=4096)
        return (logits[:, 1] - logits[:, 0]).astype(float)
