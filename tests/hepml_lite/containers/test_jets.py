"""The jets container: physics of the sums, loss-free conversions, clear refusals."""

import awkward as ak
import numpy as np
import pytest
import vector

from hepml_lite.containers.jets import Jets


def random_jets(n=50, slots=12, seed=0, pid=True):
    rng = np.random.default_rng(seed)
    constituents = np.stack(
        [
            rng.exponential(20, (n, slots)) + 0.1,
            rng.normal(1.0, 0.3, (n, slots)),
            rng.normal(3.1, 0.3, (n, slots)),  # across the seam of phi
        ],
        axis=-1,
    )
    mask = np.arange(slots) < rng.integers(1, slots + 1, n)[:, None]
    return Jets(
        constituents,
        mask=mask,
        label=rng.integers(0, 2, n),
        pid=rng.choice([22, 211, -211], (n, slots)) * mask if pid else None,
        card={"name": "random"},
    )


def particles(jets, i):
    """All that is known of the constituents of one jet, in a fixed order."""
    return sorted((*c, p) for c, p in zip(jets.constituents[i].tolist(), jets.pid[i], strict=True))


def test_jet_momentum_agrees_with_vector():
    jets = random_jets()
    pt, eta, phi = np.moveaxis(jets.constituents.astype(float), -1, 0)
    zeros = np.zeros_like(pt)
    total = vector.array({"pt": pt, "eta": eta, "phi": phi, "mass": zeros}).sum(axis=1)
    for ours, theirs in ((jets.pt, total.pt), (jets.eta, total.eta), (jets.mass, total.mass)):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-4)
    np.testing.assert_allclose(np.exp(1j * jets.phi), np.exp(1j * total.phi), atol=1e-6)


def test_relative_coordinates_cross_the_seam_of_phi():
    relative = random_jets().relative()
    assert np.abs(relative[..., 2]).max() < 2
    assert relative.dtype == np.float32


def test_padding_changes_nothing():
    jets = random_jets()
    wider = jets.padded(30)
    np.testing.assert_array_equal(wider.mass, jets.mass)
    np.testing.assert_array_equal(wider.relative()[:, :12], jets.relative())
    assert not wider.relative()[:, 12:].any()


def test_what_lies_in_the_padding_is_removed():
    constituents = np.full((2, 3, 3), 7.0)
    jets = Jets(constituents, mask=[[True, False, False], [True, True, False]])
    assert not jets.constituents[~jets.mask].any()
    assert constituents.min() == 7.0, "the caller's array must not change"


def test_four_vectors_survive_the_round_trip():
    jets = random_jets()
    back = Jets.from_four_vectors(jets.four_vectors(), label=jets.label)
    np.testing.assert_array_equal(back.mask, jets.mask)
    np.testing.assert_allclose(back.four_momentum, jets.four_momentum, rtol=1e-5, atol=1e-3)


def test_awkward_survives_the_round_trip():
    jets = random_jets(pid=False)
    array = jets.to_awkward()
    np.testing.assert_array_equal(ak.num(array), jets.n_constituents)
    np.testing.assert_allclose(ak.sum(array.E, axis=1), jets.four_momentum[:, 0], rtol=1e-6)
    back = Jets.from_awkward(array, label=jets.label)
    longest = jets.n_constituents.max()
    np.testing.assert_array_equal(back.constituents, jets.constituents[:, :longest])


def test_sorting_by_pt_keeps_the_jet_and_its_particles():
    jets = random_jets()
    ordered = jets.sorted_by_pt()
    pt = np.where(ordered.mask, ordered.constituents[..., 0], -1)
    assert (np.diff(pt, axis=1) <= 0).all()
    np.testing.assert_allclose(ordered.mass, jets.mass, rtol=1e-6)
    for i in range(len(jets)):
        assert particles(ordered, i) == particles(jets, i)


def test_truncation_keeps_the_hardest():
    jets = random_jets()
    hardest = jets.truncate(3)
    assert hardest.mask.shape == (50, 3)
    for i in range(len(jets)):
        expected = np.sort(jets.constituents[i, jets.mask[i], 0])[::-1][:3]
        np.testing.assert_array_equal(hardest.constituents[i, hardest.mask[i], 0], expected)
    assert jets.truncate(99).mask.shape == (50, 12)


@pytest.mark.parametrize("index", [slice(3, 9), [1, 5], np.arange(50) % 7 == 0, 4, np.int64(-1)])
def test_indexing_selects_whole_jets(index):
    jets = random_jets()
    chosen = jets[index]
    positions = np.atleast_1d(np.arange(50)[index])
    np.testing.assert_array_equal(chosen.mass, jets.mass[positions])
    np.testing.assert_array_equal(chosen.label, jets.label[positions])
    np.testing.assert_array_equal(chosen.pid, jets.pid[positions])
    assert chosen.card == jets.card


def test_iteration_ends():
    assert sum(len(jet) for jet in random_jets()) == 50


def test_split_is_disjoint_and_complete():
    jets = random_jets()
    parts = jets.split(0.6, 0.2, 0.2)
    assert [len(p) for p in parts] == [30, 10, 10]
    together = np.sort(np.concatenate([p.mass for p in parts]))
    np.testing.assert_array_equal(together, np.sort(jets.mass))
    same = jets.split(0.6, 0.2, 0.2, rng=np.random.default_rng(0))
    assert parts[0].mass.tolist() == same[0].mass.tolist() != jets[:30].mass.tolist()
    assert jets.split(0.6, rng=None)[0].mass.tolist() == jets[:30].mass.tolist()
    with pytest.raises(ValueError, match="sum at most 1"):
        jets.split(0.8, 0.3)
    with pytest.raises(ValueError, match="give a seed"):
        jets.split(0.8, rng="seed")


def test_concatenation_undoes_a_split():
    jets = random_jets()
    joined = Jets.concatenate([jets[:20].truncate(4), jets[20:]])
    np.testing.assert_array_equal(joined[20:].constituents, jets[20:].constituents)
    np.testing.assert_array_equal(joined.label, jets.label)
    with pytest.raises(ValueError, match="same classes"):
        Jets.concatenate([jets, Jets(jets.constituents, mask=jets.mask, names=("a", "b"))])


def test_class_by_name():
    jets = random_jets()
    assert set(jets.of_class("top").label) == {1}
    with pytest.raises(ValueError, match=r"no class 'gluon'.*QCD.*top"):
        jets.of_class("gluon")


def test_repr_tells_what_is_inside():
    jets = random_jets()
    n_qcd = (jets.label == 0).sum()
    assert repr(jets) == f"Jets({n_qcd} QCD, {50 - n_qcd} top; up to 12 constituents)"


def test_an_empty_sample_is_allowed():
    empty = random_jets()[:0]
    assert len(empty) == 0
    assert empty.mass.shape == (0,)
    assert empty.relative().shape == (0, 12, 3)


ONE = np.array([[[1.0, 0, 0], [2.0, 0, 0]]])


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"constituents": ONE[0]}, r"\(2, 3\).*pT, eta, phi"),
        ({"constituents": ONE[..., :2]}, r"\(1, 2, 2\)"),
        ({"constituents": ONE * np.nan, "mask": [[True, True]]}, "NaN.*jet 0"),
        ({"constituents": -ONE}, "negative constituent pT.*jet 0"),
        ({"constituents": ONE * 0}, "no constituents.*drop empty jets"),
        ({"constituents": ONE, "mask": [[True]]}, r"mask has shape \(1, 1\)"),
        ({"constituents": ONE, "label": [0, 1]}, r"label has shape \(2,\)"),
        ({"constituents": ONE, "pid": [22]}, r"pid has shape \(1,\)"),
        ({"constituents": ONE * [1, 0, 0] + [0, 500, 0]}, r"\|eta\| above 30.*eta = 500"),
        ({"constituents": ONE * [1, 0, 0] + [0, 0, 180]}, "phi is in radians"),
        ({"constituents": ONE, "pid": [[22, 1000022]]}, r"pid.*\(0, 1\): 1000022 does not fit"),
        ({"constituents": ONE, "pid": [[22.5, 22]]}, "22.5 is not an integer"),
        ({"constituents": ONE, "label": [0.7]}, "label.*0.7 is not an integer"),
        ({"constituents": ONE, "mask": [[0.5, 1]]}, "mask holds float64; it must be boolean"),
        ({"constituents": np.ma.array(ONE, mask=ONE > 1)}, "constituents is a masked array"),
        ({"constituents": ONE, "label": [2]}, "labels run from 2 to 2.*2 class names"),
    ],
)
def test_bad_input_is_named(fields, message):
    with pytest.raises(ValueError, match=message):
        Jets(**fields)


def test_what_the_caller_changes_later_does_not_matter():
    constituents = np.array(ONE, np.float32)
    mask = np.ones((1, 2), bool)
    jets = Jets(constituents, mask=mask)
    constituents[0, 0, 0] = 100
    mask[:] = False
    assert jets.pt.tolist() == [3]
    assert jets[:1].constituents[0, 0, 0] == 1
    for array in (*jets.arrays().values(), *jets[[0]].truncate(1).arrays().values()):
        with pytest.raises(ValueError, match="read-only"):
            array[:] = 0


@pytest.mark.parametrize("call", [lambda j: j.truncate(0), lambda j: j.padded(3)])
def test_impossible_sizes_are_refused(call):
    with pytest.raises(ValueError, match=r"at least 1|truncate"):
        call(random_jets())


def test_index_beyond_the_end():
    with pytest.raises(IndexError, match="row 50 of a sample of 50"):
        random_jets()[50]
