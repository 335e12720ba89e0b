"""Functions of jets refuse an array with our own words, and take a sample without jets."""

from functools import partial

import numpy as np
import pytest

from hepml_lite.containers import Jets
from hepml_lite.jet_physics.distances import (
    energy_movers_distance,
    event_isotropy,
    spectral_distance,
)
from hepml_lite.jet_physics.variations import augmentations, systematics, transformations
from hepml_lite.jet_physics.views import graphs, images, invariants, sequences, seven_views
from hepml_lite.tagging.formulas import find_formula
from hepml_lite.tagging.observable_taggers import n_subjettiness_basis

RNG = np.random.default_rng(0)
CONSTITUENTS = RNG.random((3, 4, 3)) + 0.1

FUNCTIONS = {
    "emd": lambda jets: energy_movers_distance.emd(jets, jets, 0.8),
    "emd_matrix": partial(energy_movers_distance.emd_matrix, radius=0.8),
    "spectrum": spectral_distance.spectrum,
    "ring_isotropy": event_isotropy.ring_isotropy,
    "disk_isotropy": partial(event_isotropy.disk_isotropy, radius=0.8),
    "pairwise_features": graphs.pairwise_features,
    "nearest_neighbours": graphs.nearest_neighbours,
    "minkowski_products": invariants.minkowski_products,
    "sequences": sequences.sequences,
    "constituent_order": sequences.constituent_order,
    "image": seven_views.image,
    "sequence": seven_views.sequence,
    "moments": seven_views.moments,
    "four_vectors": seven_views.four_vectors,
    "masses_of_pairs": seven_views.masses_of_pairs,
    "lund_plane": seven_views.lund_plane,
    "relative_particles": augmentations.relative_particles,
    "permuted": partial(transformations.permuted, rng=RNG),
    "rotated": partial(transformations.rotated, angle=0.1),
    "mirrored": transformations.mirrored,
    "turned": partial(transformations.turned, angle=0.1),
    "boosted": partial(transformations.boosted, rapidity=0.1),
    "lorentz_boosted": partial(transformations.lorentz_boosted, velocity=(0.1, 0, 0)),
    "collinear_split": transformations.collinear_split,
    "soft_added": partial(transformations.soft_added, pt=0.1, rng=RNG),
    "energy_scaled": partial(systematics.energy_scaled, factor=1.1),
    "energy_smeared": partial(systematics.energy_smeared, resolution=0.1, rng=RNG),
    "particles_lost": partial(systematics.particles_lost, share=0.1, rng=RNG),
    "soft_lost": partial(systematics.soft_lost, threshold=0.1),
    "region_dead": partial(systematics.region_dead, radius=0.1),
    "angles_smeared": partial(systematics.angles_smeared, sigma=0.1, rng=RNG),
    "n_subjettiness_basis": n_subjettiness_basis,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_an_array_is_refused(name):
    with pytest.raises(TypeError, match=r"ndarray of shape \(3, 4, 3\), not Jets"):
        FUNCTIONS[name](CONSTITUENTS)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_jets_give_no_rows(name):
    some = FUNCTIONS[name](Jets(CONSTITUENTS))
    none = FUNCTIONS[name](Jets(CONSTITUENTS)[:0])
    if isinstance(some, np.ndarray):
        expected = (0, 0) if name == "emd_matrix" else (0, *some.shape[1:])
        assert none.shape == expected
    else:
        assert type(none) is type(some)


def test_images_of_colours_want_jets():
    with pytest.raises(TypeError, match="not Jets"):
        images.colours(CONSTITUENTS)


def test_a_formula_needs_jets():
    with pytest.raises(ValueError, match="there are no jets"):
        find_formula(Jets(CONSTITUENTS)[:0])
