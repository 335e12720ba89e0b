"""Latent Dirichlet allocation: jets as documents of two topics, found without labels.

B. M. Dillon, D. A. Faroughy, J. F. Kamenik, "Uncovering latent jet substructure", Phys. Rev. D 100
(2019) 056002, arXiv:1904.04200; the model and its variational inference are those of D. Blei, A.
Ng, M. Jordan, JMLR 3 (2003) 993, with fixed priors.
"""

import numpy as np
from scipy.sparse import csr_matrix
from scipy.special import digamma

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.observables.clustering import Trees, cluster, rapidity
from hepml_lite.statistics.metrics import auc
from hepml_lite.tagging.tagger import Tagger

#: The vocabulary: bins in mass [GeV], mass drop and kT distance; the last bin has the overflow.
MASS_EDGES = np.array(
    [20, 30, 40, 50, 60, 65, 70, 75, 80, 85, 90, 100, 110, 120, 130, 140, 150, 155, 160, 165, 170,
     175, 180, 185, 190, 200, 220, 250, 300, 400.0]
)  # fmt: skip
DROP_EDGES = np.linspace(0, 1, 11)
KT_EDGES = np.array([0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5])
SHAPE = tuple(len(edges) - 1 for edges in (MASS_EDGES, DROP_EDGES, KT_EDGES))
CHUNK = 2_500  # jets that are clustered at a time


def splittings(jets: Jets, lightest: float = MASS_EDGES[0]) -> tuple[np.ndarray, np.ndarray]:
    """Splittings of massive branches in the Cambridge/Aachen trees of N jets.

    Args:
        jets: the jets.
        lightest: smallest mass [GeV] of a branch that splits.

    Returns:
        jet: (S,) the jet of each splitting, rising.
        values: (S, 3) the mass m [GeV], the mass drop max(m_1, m_2) / m, and the kT distance over
            the mass, min(pT_1, pT_2) Delta R / m.
    """
    jet = []
    values = []
    first = 0
    for part in chunks(jets, CHUNK):
        rows, found = _splittings(cluster(part), lightest)
        jet.append(first + rows)
        values.append(found)
        first += len(part)
    return np.concatenate(jet), np.concatenate(values)


def _splittings(trees: Trees, lightest: float) -> tuple[np.ndarray, np.ndarray]:
    pt, _, phi, mass = kinematics.pt_eta_phi_mass(trees.momenta)  # each (N, 2 P - 1)
    y = rapidity(trees.momenta)
    i, node = np.nonzero((trees.children[..., 0] >= 0) & (mass > lightest))
    one, two = trees.children[i, node].T  # (S,) each
    distance = kinematics.delta_r(y[i, one], phi[i, one], y[i, two], phi[i, two])
    drop = np.maximum(mass[i, one], mass[i, two]) / mass[i, node]
    kt = np.minimum(pt[i, one], pt[i, two]) * distance / mass[i, node]
    return i, np.stack([mass[i, node], drop, kt], axis=1)


def word_counts(jets: Jets) -> csr_matrix:
    """The count of each word in each jet, a sparse matrix (N, V) of integers.

    Word (i, j, k) is a splitting in bin i of `MASS_EDGES`, j of `DROP_EDGES` and k of `KT_EDGES`.
    Its column is `np.ravel_multi_index((i, j, k), SHAPE)`.
    """
    jet, values = splittings(jets)
    every = zip((MASS_EDGES, DROP_EDGES, KT_EDGES), values.T, strict=True)
    bins = [np.clip(np.digitize(x, edges) - 1, 0, len(edges) - 2) for edges, x in every]
    words = np.ravel_multi_index(bins, SHAPE)  # (S,)
    shape = len(jets), int(np.prod(SHAPE))
    return csr_matrix((np.ones(len(jet), int), (jet, words)), shape)  # repeated words add up


def variational_bayes(
    counts: csr_matrix, start: np.ndarray, alpha: float, eta: float, sweeps: int, inner: int = 100
) -> np.ndarray:
    """Dirichlet parameters of K topics, (K, V), from word counts (N, V) (eqs. 6-9 of Blei et al.).

    Two steps alternate: each word of each jet is shared among the topics, given the topics and the
    shares of the jet; then the topics are counted again. The likelihood has many maxima: the result
    depends on the start. The shares of a jet start equal in every sweep. If they were kept from the
    sweep before, the first, wrong topics would still determine them.

    Args:
        counts: sparse, documents by words.
        start: (K, V) positive, initial parameters.
        alpha: prior of the shares of a jet; with a small one most jets have one topic.
        eta: prior of the words of a topic.
        sweeps: number of times that the topics are counted.
        inner: largest number of updates of the shares in a sweep; the updates stop when the shares
            change by less than 0.001 on average.
    """
    n_jets, n_words = counts.shape
    topics = np.asarray(start, float)
    jet = np.repeat(np.arange(n_jets), np.diff(counts.indptr))  # (T,) the jet of an entry
    word = counts.indices  # (T,)
    for _ in range(sweeps):
        of_word = _expected(topics)[:, word].T  # (T, K)
        shares = np.ones((n_jets, len(topics)))
        for _ in range(inner):
            phi = of_word * _expected(shares)[jet]
            phi *= (counts.data / phi.sum(axis=1))[:, None]
            before = shares
            shares = alpha + np.stack([np.bincount(jet, p, n_jets) for p in phi.T], axis=1)
            if np.abs(shares - before).mean() < 1e-3:
                break
        topics = eta + np.stack([np.bincount(word, p, n_words) for p in phi.T])
    return topics


def _expected(parameters: np.ndarray) -> np.ndarray:
    """exp E[ln p] of Dirichlet distributions, one in each row."""
    return np.exp(digamma(parameters) - digamma(parameters.sum(1, keepdims=True)))


class LatentDirichlet(Tagger):
    """Two topics found in a mixture of jets; the score is the log-ratio of their likelihoods.

    A jet is a document and its splittings are the words. Each word is drawn from one of two topics;
    each jet has its own shares of the topics. Labels are not used, with one exception: without a
    `window` the labels decide which topic is the signal.

    Args:
        window: masses [GeV]. Jets whose heaviest splitting lies in the window make the first signal
            topic, all others the background topic. The window is prior knowledge about the signal.
            None: start from random topics, which often end in another maximum.
        alpha: prior of the shares; see `variational_bayes`.
        eta: prior of the words.
        sweeps: number of times that the topics are counted.

    Raises:
        ValueError: a window without a bin of `MASS_EDGES`, or numbers that are not positive.
    """

    def __init__(
        self, window: tuple[float, float] | None = (140, 220), alpha: float = 0.1,
        eta: float = 0.1, sweeps: int = 30,
    ):  # fmt: skip
        if min(alpha, eta, sweeps) <= 0:
            raise ValueError(f"alpha={alpha}, eta={eta}, sweeps={sweeps}: give positive numbers.")
        self.window = window
        self.alpha = alpha
        self.eta = eta
        self.sweeps = sweeps
        self.needs_labels = window is None
        if window is not None and not self._inside(window).any():
            raise ValueError(
                f"window={window}: give two masses with a bin between them, such as (60, 100)."
            )

    @property
    def n_parameters(self) -> int:
        """Number of free parameters of two distributions over the vocabulary."""
        return 2 * (int(np.prod(SHAPE)) - 1)

    def features(self, jets: Jets) -> csr_matrix:
        """The `word_counts` of the jets, (N, V)."""
        return word_counts(jets)

    def topics(self) -> np.ndarray:
        """The two topics, background first, over mass and mass drop: (2, M, D), each of sum 1.

        The bins are those of `MASS_EDGES` and `DROP_EDGES`; divide by their widths for densities.

        Raises:
            ValueError: the tagger is not fitted.
        """
        self._require_fit()
        return np.exp(self.log_topics).reshape(2, *SHAPE).sum(axis=-1)

    def _inside(self, window: tuple[float, float]) -> np.ndarray:
        """The bins of mass in the window, (M,)."""
        return (MASS_EDGES[:-1] >= window[0]) & (MASS_EDGES[1:] <= window[1])

    def _fit(self, features: csr_matrix, label: np.ndarray, seed: int) -> None:
        topics = variational_bayes(
            features, self._start(features, seed), self.alpha, self.eta, self.sweeps
        )
        self.log_topics = np.log(topics / topics.sum(axis=1, keepdims=True))  # (2, V)
        if self.window is None and auc(label, self._score(features)) < 0.5:
            self.log_topics = self.log_topics[::-1]

    def _start(self, counts: csr_matrix, seed: int) -> np.ndarray:
        if self.window is None:
            return np.random.default_rng(seed).gamma(100, 0.01, (2, counts.shape[1]))
        bins = np.repeat(np.arange(SHAPE[0]), np.prod(SHAPE[1:]))  # (V,) the mass bin of a word
        heaviest = counts.sign().multiply(bins + 1).max(axis=1).toarray()[:, 0] - 1
        like = (heaviest >= 0) & self._inside(self.window)[heaviest]
        return self.eta + np.stack(
            [np.asarray(counts[rows].sum(axis=0))[0] for rows in (~like, like)]
        )

    def _score(self, features: csr_matrix) -> np.ndarray:
        return features @ (self.log_topics[1] - self.log_topics[0])
