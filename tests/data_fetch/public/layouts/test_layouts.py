"""Every layout that the registry names can be read, and every reader is one of the registry's."""

import tracemalloc

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts, registry
from data_fetch.public.layouts import adc2021, calochallenge, hdf5


def test_the_registry_and_the_readers_agree():
    assert {entry.layout for entry in registry.public_sets().values()} == layouts.LAYOUTS.keys()


@pytest.mark.parametrize("layout", layouts.LAYOUTS)
def test_a_file_that_is_not_there(tmp_path, layout):
    for look in (layouts.read, layouts.count):
        with pytest.raises(FileNotFoundError):
            look(layout, tmp_path / "g.h5")


def test_an_unknown_layout_lists_the_known_ones(tmp_path):
    for look in (layouts.read, layouts.count):
        with pytest.raises(ValueError, match=r"layout 'delphes' cannot.*adc2021.*top_landscape"):
            look("delphes", tmp_path / "x.root")


def test_columns_by_name(tmp_path):
    assert hdf5.column(["a", "b"], "b", tmp_path) == 1
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["names"] = [b"a", b"b"]
        assert hdf5.names(file["names"]) == ["a", "b"]


def peak(read, *arguments):
    """Memory [bytes] that a reader needs at most."""
    tracemalloc.start()
    try:
        read(*arguments)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("module", [calochallenge, adc2021])
def test_a_slice_needs_no_more_memory_than_itself(tmp_path, monkeypatch, module):
    """40 MB in double precision: 2 MB for a tenth of it, and never all of it in that precision."""
    monkeypatch.setattr(module, "BLOCK", 20)
    path, n = tmp_path / "background.h5", 770
    with h5py.File(path, "w") as file:
        file["showers"], file["incident_energies"] = np.ones((n, 6480)), np.ones((n, 1))
        objects = np.zeros((n * 85, 19, 4))
        objects[:, 0, [0, 3]] = 1
        file["Particles"] = objects
    rows = n if module is calochallenge else n * 85
    stored = rows * (6480 if module is calochallenge else 76) * 8
    assert peak(module.read, path, 0, rows // 10) < 0.12 * stored
    if module is calochallenge:
        assert peak(module.read, path) < 0.85 * stored
