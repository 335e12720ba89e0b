"""Cluster scanning: which clusters of events have more members in the region than beside it?

I. Oleksiyuk, J. A. Raine, M. Krämer, S. Voloshynovskiy, T. Golling, "Cluster scanning: a novel
approach to resonance searches", arXiv:2402.17714. k-means cuts the space of the features into small
cells. Background fills each cell with a smooth spectrum of the mass, a signal puts a bump into few
of them. No network is trained.

Here the share of each cluster is a smooth function of the mass, fitted beside the region: the
multinomial logistic function of a polynomial. The paper compares the spectra of rich clusters with
those of poor ones instead, which assumes that all spectra have the same shape.
"""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from sklearn.cluster import KMeans
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from hepml_lite.anomaly_detection.resonant.events import Region, ResonantEvents
from hepml_lite.statistics.settings_checks import Seed, checked_count, checked_rng

WEAKEST_PENALTY = 1e4  # C of the logistic regression: nearly none


@dataclass
class ClusterScan:
    """Clusters of the features, and the excess of each in the region.

    The excess of a cluster counts the very events that it scores. For a search, put this into
    `InFolds`: the clusters and their excess are then those of other events.

    Attributes:
        n_clusters: K.
        degree: of the polynomial in the mass; 0: the shares do not depend on it.
        mass_bins: bins of the mass beside the region, for the fit of the shares.
        counts: of the clusters in the region, (K,), after `fit`.
        expected: the same without signal, (K,), after `fit`.
    """

    n_clusters: int = 50
    degree: int = 1
    mass_bins: int = 20
    counts: np.ndarray = field(default_factory=lambda: np.zeros(0), init=False, repr=False)
    expected: np.ndarray = field(default_factory=lambda: np.zeros(0), init=False, repr=False)
    scaler: StandardScaler | None = field(default=None, init=False, repr=False)
    clusters: KMeans | None = field(default=None, init=False, repr=False)

    def fit(self, events: ResonantEvents, region: Region, *, rng: Seed = 0) -> Self:
        """Find the clusters in the region, then how many of their events belong there.

        Raises:
            ValueError: a region without events in it or beside it, or fewer events than clusters.
        """
        generator = checked_rng(rng)
        data, beside = events.split(region)
        n_clusters = checked_count("n_clusters", self.n_clusters, 2, "one cell shows nothing")
        self.degree = checked_count("degree", self.degree, 0)
        if len(data) < n_clusters:
            raise ValueError(f"{len(data)} events for {n_clusters} clusters: ask for fewer")
        self.scaler = StandardScaler().fit(data.features)
        self.clusters = KMeans(n_clusters, n_init=1, random_state=int(generator.integers(2**31)))
        self.clusters.fit(self.scaler.transform(data.features))
        self.counts = np.bincount(self.cluster(data), minlength=n_clusters).astype(float)
        self.expected = self._expected_counts(data.mass, beside)
        return self

    def cluster(self, events: ResonantEvents) -> np.ndarray:
        """The number of the cluster of each event, (N,).

        Raises:
            RuntimeError: before `fit`.
        """
        if self.scaler is None or self.clusters is None:
            raise RuntimeError("there are no clusters yet: call fit first")
        return self.clusters.predict(self.scaler.transform(events.features))

    @property
    def deviations(self) -> np.ndarray:
        """(counts − expected) / √expected of the clusters, (K,)."""
        return (self.counts - self.expected) / np.sqrt(np.maximum(self.expected, 1.0))

    def score(self, events: ResonantEvents) -> np.ndarray:
        """The deviation of the cluster of each event, (N,)."""
        cluster = self.cluster(events)
        return self.deviations[cluster]

    def _expected_counts(self, mass: np.ndarray, beside: ResonantEvents) -> np.ndarray:
        """Sum over the events of the region of the share of each cluster at their mass, (K,)."""
        members, middles = self._members_by_mass(beside)
        if self.degree == 0:
            return len(mass) * members.sum(axis=0) / members.sum()
        scale = StandardScaler().fit(beside.mass[:, None])
        of_bins = powers(scale.transform(middles[:, None]), self.degree)
        of_events = powers(scale.transform(mass[:, None]), self.degree)
        in_bin, in_cluster = np.nonzero(members)
        shares = LogisticRegression(C=WEAKEST_PENALTY, max_iter=1000)
        shares.fit(of_bins[in_bin], in_cluster, members[in_bin, in_cluster])
        expected = np.zeros(self.n_clusters)
        expected[shares.classes_] = shares.predict_proba(of_events).sum(axis=0)
        return expected

    def _members_by_mass(self, beside: ResonantEvents) -> tuple[np.ndarray, np.ndarray]:
        """Events of each cluster in bins of equal content, (B, K), and their mean masses (B,)."""
        wanted = checked_count("mass_bins", self.mass_bins, 2, "the shares may depend on the mass")
        n_bins = min(wanted, len(beside))
        rank = beside.mass.argsort().argsort()
        in_bin = rank * n_bins // len(beside)
        members = np.zeros((n_bins, self.n_clusters))
        np.add.at(members, (in_bin, self.cluster(beside)), 1)
        middles = np.bincount(in_bin, beside.mass) / np.bincount(in_bin)
        return members, middles


def powers(values: np.ndarray, degree: int) -> np.ndarray:
    """Powers 1 to `degree` of a column (N, 1), (N, degree)."""
    return values ** np.arange(1, degree + 1)
