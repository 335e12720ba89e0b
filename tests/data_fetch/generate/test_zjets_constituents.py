"""Constituents beside a Z: pairs of the same jet, which agree with the table of observables."""

import numpy as np
import pytest

from data_fetch import load
from hepml_lite.jet_physics.observables import jet_shapes


@pytest.fixture(scope="module")
def jets():
    return load("zjets_constituents")


def test_true_and_measured_jets_alternate(jets):
    assert len(jets) == 40_000
    true, measured = jets[0::2], jets[1::2]
    np.testing.assert_array_equal(true.label, measured.label)
    assert np.bincount(true.label).tolist() == [10_000, 10_000]
    assert np.corrcoef(true.pt, measured.pt)[0, 1] > 0.98
    turned = np.cos(true.phi - measured.phi)
    assert (turned > np.cos(0.4) - 1e-6).all()  # matched within the radius


def test_every_split_begins_with_a_true_jet():
    for split in ("train", "val", "test"):
        part = load("zjets_constituents", split=split)
        assert len(part) % 2 == 0
        assert np.corrcoef(part[0::2].pt, part[1::2].pt)[0, 1] > 0.98


@pytest.mark.parametrize("name", ["simulation", "nature"])
def test_observables_are_those_of_the_large_sample(jets, name):
    """Two independent samples of one recipe have the same means, but for the 31st particle."""
    table = load("zjets_unfolding").of_class(name).matched
    of_class = jets.of_class(name)
    for level, part in enumerate((of_class[0::2], of_class[1::2])):
        width = table.columns("width")[level][:, 0]
        found = jet_shapes.width(part, radius=0.4)
        error = np.hypot(found.std() / len(found) ** 0.5, width.std() / len(width) ** 0.5)
        lost = 0.02 * width.mean()  # particles beyond the thirtieth are wide and soft
        assert abs(found.mean() - width.mean()) < 5 * error + lost
        number = np.minimum(table.columns("multiplicity")[level][:, 0], 30)
        count = part.mask.sum(axis=1)
        error = np.hypot(count.std() / len(count) ** 0.5, number.std() / len(number) ** 0.5)
        assert abs(count.mean() - number.mean()) < 5 * error


def test_an_odd_chunk_is_refused():
    from data_fetch.generate import zjets_constituents

    with pytest.raises(ValueError, match="choose a multiple of 4"):
        zjets_constituents.chunk(1, 0, 6)
