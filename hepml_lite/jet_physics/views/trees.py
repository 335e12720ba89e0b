"""Jets as the arrays that a recursive network reads: the nodes of their clustering trees."""

import numpy as np

from hepml_lite import kinematics
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.chunks import chunks
from hepml_lite.jet_physics.observables.clustering import Trees, cluster

NODE_FEATURES = (
    "Δη", "Δφ [rad]", "Δθ [rad]", "ln pT/pT(jet)", "ln E/E(jet)", "E/E(jet)", "ln m [GeV]",
)  # fmt: skip
CENTRE = np.array([0, 0, 0, -4, -4, 0, 0], np.float32)
SCALE = np.array([0.3, 0.3, 0.3, 2, 2, 0.5, 2], np.float32)
SMALLEST = 1e-6  # of momentum fractions under the logarithm
LIGHTEST = 0.1  # mass [GeV] under the logarithm; a massless constituent has none
CHUNK = 2_500  # jets that are clustered at a time


def tree_inputs(jets: Jets, algorithm: str = "kt") -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cluster N jets of up to P constituents; what `hepml_lite.networks.tree_nin.TreeNiN` reads.

    The tree follows from the set of constituents: neither their order nor padding mean anything.
    The features are those of TreeNiN (arXiv:1902.09914: |p|, η, φ, E, E/E_jet, pT and θ) in another
    form: angles from the jet axis, logarithms of fractions of the jet, and the mass in place of
    |p|, of which it is a function with E. All are scaled by fixed numbers to a size of about 1.

    Args:
        jets: the jets.
        algorithm: "kt", as TreeNiN, or "cambridge".

    Returns:
        features: (N, 2 P - 1, 7) float32, `NODE_FEATURES` as (value - `CENTRE`) / `SCALE`; 0 where
            there is no node.
        children: (N, 2 P - 1, 2) int16, the nodes merged into each, that of higher pT first; -1 for
            a constituent, or no node.
        depth: (N, 2 P - 1) int16, steps down from the root, which has 0; -1 for no node.

    Raises:
        ValueError: for another algorithm.
    """
    parts = [_arrays(cluster(part, algorithm)) for part in chunks(jets, CHUNK)]
    features, children, depth = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    return features, children, depth


def _arrays(trees: Trees) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return node_features(trees), trees.children.astype(np.int16), node_depth(trees)


def node_features(trees: Trees) -> np.ndarray:
    """Scaled `NODE_FEATURES` of every node, (N, 2 P - 1, 7) float32; 0 where there is none."""
    pt, eta, phi, mass = kinematics.pt_eta_phi_mass(trees.momenta)  # each (N, 2 P - 1)
    energy = trees.momenta[..., 0]
    row = np.arange(len(pt))

    def of_jet(values: np.ndarray) -> np.ndarray:
        return values[row, trees.root][:, None]

    theta = 2 * np.arctan(np.exp(-eta))
    share = energy / of_jet(energy)
    columns = (
        eta - of_jet(eta),
        kinematics.delta_phi(phi, of_jet(phi)),
        theta - of_jet(theta),
        np.log(np.maximum(pt / of_jet(pt), SMALLEST)),
        np.log(np.maximum(share, SMALLEST)),
        share,
        np.log(np.maximum(mass, LIGHTEST)),
    )
    scaled = (np.stack(columns, axis=-1).astype(np.float32) - CENTRE) / SCALE
    return scaled * trees.mask[..., None]


def node_depth(trees: Trees) -> np.ndarray:
    """Steps from the root to every node, (N, 2 P - 1) int16: 0 for the root, -1 for no node."""
    depth = np.where(trees.mask, 0, -1).astype(np.int16)
    every = np.arange(len(depth))
    for node in range(depth.shape[1] - 1, -1, -1):  # a node comes before the one it goes into
        parent = trees.parent[:, node]
        below = parent >= 0
        depth[below, node] = depth[every[below], parent[below]] + 1
    return depth
