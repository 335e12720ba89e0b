import pytest
import torch
from laws import (
    assert_gradients_reach_every_parameter,
    assert_padding_invariant,
    assert_permutation_invariant,
    assert_save_load_round_trip,
    particles,
)
from torch import nn

from hepml_lite.networks.p_cnn import PCNN
from hepml_lite.training import count_parameters

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def small():
    """A network with statistics that are not those it starts with."""
    model = PCNN(3, 8, ((8,), (12, 12), (16,)), 16)
    with torch.no_grad():
        for _ in range(3):
            model(*particles(64))
    return model.eval()


def test_neither_order_nor_padding_mean_anything():
    assert_permutation_invariant(small(), *particles())
    assert_padding_invariant(small(), *particles())
    assert_padding_invariant(small(), *particles(), garbage=float("nan"))


def test_padding_means_nothing_in_training_either():
    features, mask = particles(16)
    short, long = small().train(), small().train()
    long.load_state_dict(short.state_dict())
    more = torch.full((16, 7, 3), torch.nan)
    got = long(torch.cat([features, more], 1), torch.cat([mask, torch.zeros(16, 7).bool()], 1))
    torch.testing.assert_close(got, short(features, mask))
    for name, value in short.state_dict().items():
        torch.testing.assert_close(long.state_dict()[name], value)


def test_every_parameter_learns():
    assert_gradients_reach_every_parameter(small(), *particles(64))


def test_it_comes_back_from_disk(tmp_path):
    assert_save_load_round_trip(small, *particles(), tmp_path / "net.pt")


def test_jet_by_jet_without_padding_or_masks():
    """The same network written with plain layers, one jet at a time, cut to its real particles."""
    features, mask = particles()
    model = small().double()
    got = model(features.double(), mask)
    for jet in range(len(mask)):
        real = features[jet, mask[jet]].double()
        x = real[real[:, 0].argsort(descending=True)].T.unsqueeze(0)  # (1, F, n)
        x = model.stem_norm(model.stem(model.input_norm(x))).relu()
        for unit in model.units:
            y = unit.norm1(unit.conv1(x)).relu()
            x = unit.shortcut(x) + unit.norm2(unit.conv2(y)).relu()
        torch.testing.assert_close(model.head(x.mean(2))[0], got[jet])


def test_stages_halve_the_positions():
    model = PCNN(3, 8, ((8, 8), (12, 12), (16,)), 16)
    assert [unit.stride for unit in model.units] == [1, 1, 2, 1, 2]


def test_only_the_leading_particles_count():
    features, mask = particles()
    mask[:] = True
    model = PCNN(3, n_particles=5).eval()
    softest = features[..., 0].argsort(1)[:, :4]
    torch.testing.assert_close(
        model(features, mask.scatter(1, softest, False)), model(features, mask)
    )


def test_jets_of_few_particles_are_finite():
    features, mask = particles()
    for n in (0, 1, 2):
        mask[:] = torch.arange(9) < n
        assert torch.isfinite(small()(features, mask)).all()
        if n:
            assert torch.isfinite(small().train()(features, mask)).all()
    assert small()(features[:0], mask[:0]).shape == (0, 2)


def test_the_papers_size():
    assert count_parameters(PCNN.paper()) == 348_400  # quoted as 348k
    assert "348,400 parameters" in repr(PCNN.paper())


def test_mixed_precision_trains():
    model = small().train()
    with torch.autocast("cpu", torch.bfloat16):
        model(*particles(64)).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_it_learns_what_is_planted():
    features, mask = particles(256)
    labels = (features[..., 1].sum(1) > 0).long()
    model = PCNN()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    losses = []
    for _ in range(15):
        loss = nn.functional.cross_entropy(model(features, mask), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"stages": ()}, "each stage needs a unit"),
        ({"stages": ((8,), ())}, "each stage needs a unit"),
        ({"stem": 0}, "stem=0"),
        ({"n_particles": 0}, "n_particles=0"),
        ({"dropout": 1.0}, r"dropout=1\.0"),
    ],
)
def test_sizes_that_make_no_network_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        PCNN(**settings)
