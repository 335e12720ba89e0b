"""P-CNN: jet by jet without padding, and what only the leading particles may change."""

import pytest
import torch
from laws import assert_learns, marked, particles

from hepml_lite.networks.p_cnn import PCNN


def small():
    """A network with statistics that are not those it starts with."""
    model = PCNN(3, 8, ((8,), (12, 12), (16,)), 16)
    with torch.no_grad():
        for _ in range(3):
            model(*particles(64))
    return model.eval()


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


def test_the_papers_size():
    assert "348,400 parameters" in repr(PCNN.paper())


def test_mixed_precision_trains():
    model = small().train()
    with torch.autocast("cpu", torch.bfloat16):
        model(*particles(64)).square().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters())


def test_it_learns_what_is_planted():
    assert_learns(PCNN(), *marked(), steps=15)


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
