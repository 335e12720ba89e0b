"""Make stored.npz, the jets of "One jet, seven views"; a few seconds.

Run `python widgets/representations/make_stored.py` after a change of the data or of
hepml_lite.representations. It keeps the first 40 test jets of each class, the Energy Mover's
Distance of each pair, and the units of `views.movement`: in each view, the spread of each number
over these jets and the usual distance of two jets.
"""

import argparse
import hashlib
import json
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

import data_fetch
from hepml_lite.containers.jets import Jets
from hepml_lite.containers.whole_steps import half_precision, whole_steps
from hepml_lite.jet_physics.distances.energy_movers_distance import emd_matrix
from hepml_lite.jet_physics.views.seven_views import VIEWS, scale
from hepml_lite.kinematics import wrap_phi

FOLDER = Path(__file__).parent
ANGLE_STEP = 1e-4  # far finer than the detector's cells
RADIUS = 0.8


def chosen(jets: Jets, each: int) -> Jets:
    """The first jets of each class in the order of the sample, rounded as they will be stored."""
    first = [np.flatnonzero(jets.label == label)[:each] for label in range(len(jets.names))]
    jets = jets[np.sort(np.concatenate(first))]
    pt, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    eta, phi = (np.round(x / ANGLE_STEP) * ANGLE_STEP for x in (eta, wrap_phi(phi)))
    stored = np.stack([pt.astype(np.float16), eta, phi], axis=-1)
    return Jets(stored, mask=jets.mask, label=jets.label, names=jets.names, card=jets.card)


def save(path: Path, jets: Jets) -> None:
    """Write jets, distances and units in about 110 kB."""
    pt, eta, phi = jets.constituents[jets.mask].astype(float).T
    in_views = {name: scale(view(jets), view.units) for name, view in VIEWS.items()}
    distances = emd_matrix(jets, RADIUS, aligned=True)
    spreads: dict[str, Any] = {}
    for name, (spread, _) in in_views.items():
        spreads[f"spread of {name}"] = spread.astype(np.float32)
    np.savez_compressed(
        path,
        names=np.array(jets.names),
        label=whole_steps(jets.label, "label", np.uint8),
        counts=whole_steps(jets.n_constituents, "n_constituents", np.uint16),
        pt=half_precision(pt, "pT of a constituent [GeV]"),
        angles=whole_steps([eta, phi], "angle [rad]", np.int16, per_unit=1 / ANGLE_STEP),
        distances=half_precision(distances[np.triu_indices(len(jets), 1)], "distance [GeV]"),
        usual=np.array([usual for _, usual in in_views.values()]),
        **spreads,
    )


def card(jets: Jets, data: str, path: Path, seconds: float) -> dict:
    """A record of how the file was made, with hashes and numbers that identify it."""
    return {
        "data": f"data_fetch.load({data!r}), split 'test'",
        "data_card": {key: jets.card.get(key) for key in ("command", "seed", "sha256")},
        "jets": dict(zip(jets.names, np.bincount(jets.label).tolist(), strict=True)),
        "distances": f"emd_matrix(jets, {RADIUS}, aligned=True), in GeV",
        "views": list(VIEWS),
        "seconds_on_one_core": round(seconds),
        "versions": {name: version(name) for name in ("fastjet", "numpy")},
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }


def main() -> None:
    """Load, measure, store."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", default="jet_classes")
    parser.add_argument("--each", type=int, default=40, help="jets of each class")
    parser.add_argument("--out", type=Path, default=FOLDER / "stored.npz")
    arguments = parser.parse_args()
    started = time.process_time()
    jets = chosen(data_fetch.load(arguments.data, split="test"), arguments.each)
    save(arguments.out, jets)
    made = card(jets, arguments.data, arguments.out, time.process_time() - started)
    text = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    arguments.out.with_suffix(".json").write_text(text, "utf8")
    print(text)


if __name__ == "__main__":
    main()
