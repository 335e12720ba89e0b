"""Settings that observables refuse, and samples without jets."""

import numpy as np
import pytest

from hepml_lite.containers import Jets
from hepml_lite.jet_physics import observables
from hepml_lite.jet_physics.observables import (
    clustering,
    energy_correlators,
    energy_flow_polynomials,
    lund,
)

JETS = Jets(np.random.default_rng(0).random((5, 6, 3)) + 1, label=[0, 1, 0, 1, 0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: observables.width(JETS, beta=np.nan), "beta is nan"),
        (lambda: observables.width(JETS, radius=0), "radius is 0"),
        (lambda: observables.width(JETS, kappa="1"), "kappa is '1'"),
        (lambda: observables.n_subjettiness(JETS, 2, radius=0), "radius is 0: give a number"),
        (lambda: observables.n_subjettiness(JETS, 2, beta=np.nan), "beta is nan"),
        (lambda: observables.n_subjettiness(JETS, 2.5), "n is .*2.5.*: give a whole number"),
        (lambda: observables.n_subjettiness(JETS, [1, 0]), "n is .*0.*: give a whole number"),
        (lambda: observables.n_subjettiness_ratio(JETS, 1), "n is 1: give a whole number, 2"),
        (lambda: observables.soft_drop(JETS, z_cut=2), r"z_cut is 2: give a number in \[0, 0.5\)"),
        (lambda: observables.soft_drop(JETS, beta=np.inf), "beta is inf"),
        (lambda: observables.c2(JETS, beta=0), "beta is 0"),
        (lambda: observables.energy_correlation(JETS, 2.5), "n is 2.5"),
        (
            lambda: energy_flow_polynomials.energy_flow_polynomials(JETS, degree=1.5),
            "degree is 1.5",
        ),
        (lambda: energy_flow_polynomials.energy_flow_polynomials(JETS, beta="1"), "beta is '1'"),
        (lambda: energy_correlators.energy_correlator(JETS, [0.1, np.nan]), "edges"),
        (lambda: JETS.split(np.nan), "fractions .nan"),
        (lambda: Jets(JETS.constituents, names="QCD"), "names is 'QCD', one text"),
    ],
)
def test_settings_without_a_meaning_are_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


FUNCTIONS = {
    "pt": observables.pt,
    "mass": observables.mass,
    "multiplicity": observables.multiplicity,
    "width": observables.width,
    "pt_dispersion": observables.pt_dispersion,
    "n_subjettiness": lambda jets: observables.n_subjettiness(jets, [1, 2]),
    "ratio": lambda jets: observables.n_subjettiness_ratio(jets, 2),
    "d2": observables.d2,
    "soft drop": lambda jets: observables.soft_drop(jets).mass,
    "trees": lambda jets: clustering.cluster(jets).momenta,
    "Lund": lambda jets: lund.primary_lund_plane(jets)[0],
    "EFP": energy_flow_polynomials.energy_flow_polynomials,
    "EEC": energy_correlators.energy_correlator,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_jets_give_no_numbers_and_an_array_is_named(name):
    assert len(FUNCTIONS[name](JETS[:0])) == 0
    assert np.isfinite(FUNCTIONS[name](JETS)).all()
    with pytest.raises(TypeError, match=r"jets is ndarray of shape \(5, 6, 3\), not Jets"):
        FUNCTIONS[name](JETS.constituents)
