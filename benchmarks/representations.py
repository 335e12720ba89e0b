"""CPU time of observables, images and the Lund plane: ours and other codes, checked equal first."""

import argparse
import os
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")  # one core, before numpy is loaded

import awkward as ak
import fastjet
import numpy as np

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics import observables
from hepml_lite.jet_physics.centred import centred
from hepml_lite.jet_physics.observables import lund
from hepml_lite.jet_physics.views import graphs, images
from hepml_lite.jet_physics.views.seven_views import VIEWS

RADIUS, PIXELS = 0.8, 41


def timed(run: Callable, n: int) -> tuple[np.ndarray, float]:
    """The result, and microseconds of CPU a jet."""
    start = time.process_time()
    result = run()
    return result, 1e6 * (time.process_time() - start) / n


def n_subjettiness_jet_by_jet(jets: Jets) -> np.ndarray:
    """FastJet's contrib in a simple loop over jets."""
    definition = fastjet.JetDefinition(fastjet.cambridge_algorithm, 20.0)
    found = []
    for jet in jets.to_awkward():
        momenta = ak.zip(
            {k: getattr(jet, k) for k in ("px", "py", "pz", "E")}, with_name="Momentum4D"
        )
        sequence = fastjet.ClusterSequence(momenta, definition)
        measure = "NormalizedMeasure", "OnePass_WTA_KT_Axes"
        found.append(np.ravel(sequence.njettiness(*measure, [1, 2, 3], 1.0, RADIUS)))
    return np.array(found)


def images_jet_by_jet(jets: Jets) -> np.ndarray:
    """energyflow's pixelate, jet by jet, of centred jets."""
    from energyflow.utils.image_utils import pixelate

    return np.array([pixelate(jet, PIXELS, 2 * RADIUS)[..., 0] for jet in centred(jets)])


def beside(what: str, ours: Callable, theirs: Callable, jets: Jets, few: int) -> None:
    """Compare on `few` jets, then time all of them against the few."""
    expected, peer = timed(lambda: theirs(jets[:few]), few)
    found, own = timed(lambda: ours(jets), len(jets))
    difference = np.abs(found[:few] - expected).max() / np.abs(expected).max()
    print(f"{what:<26}{own:>10.0f}{peer:>12.0f}{peer / own:>8.1f}{difference:>14.1e}")


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jets", type=int, default=3000)
    n = parser.parse_args().jets
    jets = load("top_tagging")[:n]
    print(f"{len(jets)} jets of {jets.n_constituents.mean():.0f} particles; CPU µs a jet, one core")
    print(f"{'':<26}{'hepml_lite':>10}{'jet by jet':>12}{'ratio':>8}{'difference':>14}")
    taus = lambda jets: observables.n_subjettiness(jets, (1, 2, 3))  # noqa: E731
    beside("tau_1, tau_2, tau_3", taus, n_subjettiness_jet_by_jet, jets, n // 10)
    pictures = lambda jets: images.pixelated(centred(jets))[:, 0]  # noqa: E731
    beside("image, energyflow", pictures, images_jet_by_jet, jets, n // 10)
    alone = {
        "soft drop": observables.soft_drop,
        "C2": observables.c2,
        "Lund plane": lund.primary_lund_plane,
        "pair features": graphs.pairwise_features,
        **{f"view: {name}": view for name, view in VIEWS.items()},
    }
    for name, function in alone.items():
        print(f"{name:<26}{timed(lambda function=function: function(jets), len(jets))[1]:>10.0f}")


if __name__ == "__main__":
    main()
