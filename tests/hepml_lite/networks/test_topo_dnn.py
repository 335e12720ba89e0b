"""TopoDNN: the leading particles are what it reads, in falling order."""

import pytest
import torch
from laws import assert_learns, marked, particles

from hepml_lite.networks.layers.padding import leading
from hepml_lite.networks.topo_dnn import TopoDNN
from hepml_lite.training import count_parameters


def small():
    return TopoDNN(3, 6, (16, 8))


def test_leading_particles_by_hand():
    features, mask = particles()
    got, got_mask = leading(features, mask, 4, features[..., 0])
    for jet in range(len(mask)):
        real = features[jet, mask[jet]]  # (n, 3)
        best = sorted(real.tolist(), reverse=True)[:4]
        expected = torch.zeros(4, 3)
        expected[: len(best)] = torch.tensor(best)
        torch.testing.assert_close(got[jet], expected, rtol=0, atol=0)
        assert got_mask[jet].tolist() == [slot < len(best) for slot in range(4)]


def test_more_slots_than_particles_are_filled_with_zeros():
    features, mask = particles(n_slots=3)
    got, got_mask = leading(features, mask, 5, features[..., 0])
    assert got.shape == (6, 5, 3)
    assert not got[:, 3:].any()
    assert not got_mask[:, 3:].any()


def test_only_the_leading_particles_count():
    features, mask = particles(n_slots=9)
    mask[:] = True
    model = small().eval()
    expected = model(features, mask)
    softest = features[..., 0].argsort(1)[:, :3]  # the other six are what it looks at
    torch.testing.assert_close(model(features, mask.scatter(1, softest, False)), expected)
    hardest = features[..., 0].argmax(1, keepdim=True)
    assert (model(features, mask.scatter(1, hardest, False)) != expected).any()


def test_the_papers_sizes():
    assert count_parameters(TopoDNN.paper(n_classes=1)) == 59_323  # one output, as in the paper
    assert TopoDNN.paper().mlp.sizes == (90, 300, 102, 12, 6, 2)
    assert "59,330 parameters" in repr(TopoDNN.paper())


def test_it_learns_what_is_planted():
    assert_learns(TopoDNN(3, 9, (32, 16)), *marked())


def test_sizes_that_make_no_network_are_refused():
    with pytest.raises(ValueError, match="n_particles=0"):
        TopoDNN(n_particles=0)
    with pytest.raises(ValueError, match=r"dropout=1\.5"):
        TopoDNN(dropout=1.5)
