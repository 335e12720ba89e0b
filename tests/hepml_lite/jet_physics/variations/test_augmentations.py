"""Each augmentation against what it promises, on real jets of every sample."""

from functools import partial

import numpy as np
import pytest
import torch

from data_fetch import load
from hepml_lite.containers.jets import Jets
from hepml_lite.jet_physics.variations.augmentations import (
    CENTRED,
    JETCLR,
    augment,
    drop_particles,
    relative_particles,
    rotate,
    scaled,
    smear_soft,
    split_collinear,
    translate,
    unscaled,
    widen,
)

ALL = (*JETCLR, drop_particles, widen)
PT = 600.0  # GeV, of every jet when its mass is asked for


@pytest.fixture(scope="module", params=["top_tagging", "quark_gluon"])
def jets(request):
    sample = load(request.param, "smoke", split="val")[:150]
    return tuple(map(torch.as_tensor, relative_particles(sample, 30)))


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def observables(jets, mask):
    """pT and mass [GeV] of relative jets in double precision."""
    constituents = jets.clone().numpy()
    constituents[..., 0] *= PT
    found = Jets(constituents, mask=mask.numpy(), names=("all",))
    return found.pt, found.mass


def edge_cases():
    """A jet without particles, with one, with two."""
    mask = torch.tensor([[False] * 4, [True, False, False, False], [True, True, False, False]])
    jets = torch.rand(3, 4, 3, generator=seeded()) * mask.unsqueeze(-1)
    return jets, mask


@pytest.mark.parametrize("step", ALL)
def test_pt_is_conserved_and_padding_stays_zero(step, jets):
    before = [t.clone() for t in jets]
    changed, mask = step(*jets, seeded())
    assert not changed[~mask].any()
    assert (changed[mask][:, 0] > 0).all()
    assert torch.allclose(changed[..., 0].sum(1), jets[0][..., 0].sum(1), rtol=1e-5)
    assert not torch.equal(changed, before[0])
    assert all(torch.equal(a, b) for a, b in zip(jets, before, strict=True)), "inputs were changed"


@pytest.mark.parametrize("step", ALL)
def test_the_generator_decides(step, jets):
    first, again, other = (step(*jets, seeded(s))[0] for s in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("step", ALL)
def test_jets_of_none_one_and_two_particles(step):
    changed, mask = step(*edge_cases(), seeded())
    assert changed.isfinite().all()
    assert not changed[~mask].any()
    assert mask.any(1).tolist() == [False, True, True]


@pytest.mark.parametrize("step", [rotate, translate])
def test_distances_between_particles_stay(step, jets):
    changed, mask = step(*jets, seeded())
    both = mask[:, :, None] & mask[:, None, :]
    distances = [torch.cdist(j[..., 1:].double(), j[..., 1:].double())[both]
                 for j in (jets[0], changed)]  # fmt: skip
    assert (distances[0] - distances[1]).abs().max() < 1e-5


def test_translation_and_splitting_keep_pt_and_mass(jets):
    pt, mass = observables(*jets)
    for step in translate, split_collinear:
        new_pt, new_mass = observables(*step(*jets, seeded()))
        # the mass of a jet of few GeV is a difference of large numbers in single precision
        assert np.abs(new_pt / pt - 1).max() < 1e-5
        assert np.abs(new_mass - mass).max() < 0.05


def test_rotation_keeps_the_mass_of_narrow_jets(jets):
    """The plane is flat near the axis: the change goes down with the square of the angles."""

    def change(narrowness):
        shares, angles = jets[0][..., :1], jets[0][..., 1:] * narrowness
        narrow = torch.cat([shares, angles], -1), jets[1]
        mass = observables(*narrow)[1]
        heavy = mass > 5 * narrowness
        return np.mean(np.abs(observables(*rotate(*narrow, seeded()))[1] / mass - 1)[heavy])

    wide, narrow = change(1.0), change(0.3)
    assert wide < 0.02
    assert narrow < 0.3 * wide


def test_soft_smearing_is_the_smaller_the_harder_the_particle(jets):
    scale, mask = 1e-3, jets[1]
    changed, _ = smear_soft(*jets, seeded(), scale=scale)
    pulls = (changed - jets[0])[..., 1:] * jets[0][..., :1] / scale
    hard = pulls[mask & (jets[0][..., 0] > 2 * scale)]
    assert hard.std() == pytest.approx(1, abs=0.05)
    assert hard.mean().abs() < 0.05


def test_soft_smearing_vanishes_with_its_scale(jets):
    mass = observables(*jets)[1]

    def change(scale):
        moved = observables(*smear_soft(*jets, seeded(), scale=scale))[1]
        return np.mean(np.abs(moved - mass)) / mass.mean()

    changes = [change(scale) for scale in (1e-3, 1e-4, 1e-5)]
    assert changes[0] > 3 * changes[1] > 9 * changes[2]
    assert changes[2] < 0.01


def test_collinear_twins_share_direction_and_pt(jets):
    before, mask = jets
    n = 5
    changed, new_mask = split_collinear(before, mask, seeded(), n=n)
    assert changed.shape[1] == before.shape[1] + n
    expected = mask.sum(1) + mask.sum(1).clamp(max=n)
    assert torch.equal(new_mask.sum(1), expected)
    assert torch.equal(changed[:, :-n, 1:], before[..., 1:])
    lost = (before[..., 0] - changed[:, :-n, 0]).sort(1, descending=True).values[:, :n]
    assert torch.allclose(lost, changed[:, -n:, 0].sort(1, descending=True).values, atol=1e-6)


def test_anomalous_augmentations_change_what_physics_sees(jets):
    fewer = drop_particles(*jets, seeded())[1].sum(1)
    assert int(fewer.sum()) == pytest.approx(0.7 * int(jets[1].sum()), rel=0.06)
    assert (fewer >= 1).all()
    mass = observables(*jets)[1]
    stretched = observables(*widen(*jets, seeded()))[1]
    assert np.median(np.abs(stretched[mass > 1] / mass[mass > 1] - 1)) > 0.1


def test_steps_are_applied_one_after_the_other(jets):
    generator = seeded()
    by_hand = jets
    for step in CENTRED:
        by_hand = step(*by_hand, generator)
    together = augment(*jets, CENTRED, seeded())
    assert all(torch.equal(a, b) for a, b in zip(together, by_hand, strict=True))
    assert not torch.equal(augment(*jets, [partial(rotate)])[0], jets[0])  # torch's generator


def test_scaled_features_are_of_order_one_and_come_back(jets):
    features = scaled(*jets)
    real = features[jets[1]]
    assert real.mean(0).abs().max() < 0.6
    assert 0.4 < real.std(0).min() < real.std(0).max() < 1.6
    assert not features[~jets[1]].any()
    assert torch.allclose(unscaled(features, jets[1]), jets[0], rtol=1e-4, atol=1e-6)
    dirty = torch.where(jets[1].unsqueeze(-1), jets[0], float("nan"))
    assert torch.equal(scaled(dirty, jets[1]), features)
