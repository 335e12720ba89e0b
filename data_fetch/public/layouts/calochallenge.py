"""CaloChallenge: HDF5 with showers (N, V) and incident_energies (N, 1), both in MeV.

The voxels are flattened with the rings inside the angles inside the layers, as in `Showers`. How
they lie is not in the file: data sets 2 and 3 are regular, the layers of data set 1 are cut
differently and described in binning_dataset_1_….xml. Neither says how thick a layer is, so that
depths count layers. arXiv:2410.21611; https://github.com/CaloChallenge/homepage.
"""

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import numpy as np

from data_fetch.public.layouts import hdf5
from hepml_lite.containers.showers import Geometry, Layer, Showers
from hepml_lite.containers.validation import read_only

DEPTH_UNIT, RADIUS_UNIT = "layer", "mm"
N_LAYERS, RADIUS = 45, 41.85  # of data sets 2 and 3; mm
REGULAR = {6480: (16, 9), 40500: (50, 18)}  # numbers of angles and rings, by that of voxels
IRREGULAR = {368: "binning_dataset_1_photons.xml", 533: "binning_dataset_1_pions.xml"}
PARTICLES = {368: "photon", 533: "pion", 6480: "electron", 40500: "electron"}
BLOCK = 1000  # showers in double precision at a time


def read(
    path: Path, start: int = 0, stop: int | None = None, binning: Path | None = None
) -> Showers:
    """Showers `start` to `stop` in GeV.

    Args:
        path: the file.
        start, stop: as in a slice; the rest is not read.
        binning: the XML file with the geometry; default: for data set 1 the published one, which
            must lie beside `path`.

    Raises:
        FileNotFoundError: if there is no such file, or its geometry is not beside it.
        ValueError: if it has another layout, or does not fit the geometry.
    """
    path = Path(path)
    with hdf5.opened(path, "showers", "incident_energies") as file:
        stored, energy = file["showers"], file["incident_energies"]
        if stored.ndim != 2 or energy.shape != (len(stored), 1):
            raise ValueError(
                f"{path}: showers {stored.shape}, incident_energies {energy.shape}; expected "
                "(N, V) and (N, 1)"
            )
        geometry = _geometry(path, stored.shape[1], binning)
        first, last, _ = slice(start, stop).indices(len(stored))
        voxels = np.empty((max(0, last - first), stored.shape[1]), np.float32)
        for low in range(0, len(voxels), BLOCK):
            rows = slice(first + low, min(first + low + BLOCK, last))
            voxels[low : low + BLOCK] = hdf5.rows(stored, rows, path) / 1000  # MeV to GeV
        energy = hdf5.rows(energy, slice(first, max(first, last)), path)[:, 0] / 1000
    name = PARTICLES.get(geometry.n_voxels, "shower")
    return Showers(read_only(voxels), energy, geometry, names=(name,))


def count(path: Path) -> int:
    """Number of showers in a file."""
    with hdf5.opened(path, "showers") as file:
        return len(file["showers"])


def read_binning(path: Path) -> Geometry:
    """The geometry in one of the published XML files; layers without rings are left out.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is not one of them.
    """
    try:
        entries = ElementTree.parse(path).getroot().findall("Bin/Layer")
        cuts = [(e.get("r_edges", "").split(","), int(e.get("n_bin_alpha", "1"))) for e in entries]
        cuts = [(tuple(float(r) for r in edges), n) for edges, n in cuts if len(edges) > 1]
    except (ElementTree.ParseError, ValueError) as broken:
        raise ValueError(f"{path} is no geometry ({broken}); fetch it again") from broken
    if not cuts:
        raise ValueError(f"{path} describes no layers; fetch it again")
    layers = tuple(Layer(edges, n, (i, i + 1)) for i, (edges, n) in enumerate(cuts))
    return Geometry(layers, DEPTH_UNIT, RADIUS_UNIT)


def _geometry(path: Path, n_voxels: int, binning: Path | None) -> Geometry:
    if binning is None and n_voxels in REGULAR:
        n_angles, n_rings = REGULAR[n_voxels]
        radii = np.linspace(0, RADIUS, n_rings + 1)
        return Geometry.regular(np.arange(N_LAYERS + 1), n_angles, radii, DEPTH_UNIT, RADIUS_UNIT)
    if binning is None and n_voxels not in IRREGULAR:
        known = sorted(PARTICLES)
        raise ValueError(f"{path} has {n_voxels} voxels, not {known}; pass binning= for others")
    binning = path.with_name(IRREGULAR[n_voxels]) if binning is None else binning
    if not binning.is_file():
        raise FileNotFoundError(
            f"{path} needs its geometry, {binning.name}, beside it; get it with "
            f"`hepml data fetch calochallenge_1 --files {binning.name}`"
        )
    geometry = read_binning(binning)
    if geometry.n_voxels != n_voxels:
        raise ValueError(f"{binning} has {geometry.n_voxels} voxels, but {path} has {n_voxels}")
    return geometry
