"""ParticleNet: the paper's formula, the authors' code, and edges to the nearest particles."""

import pytest
import torch
from laws import assert_learns, measured_jets, passed, widened

from hepml_lite.networks.layers import row_norm
from hepml_lite.networks.layers.kinematic_features import kinematic_features
from hepml_lite.networks.layers.row_norm import RowNorm
from hepml_lite.networks.particle_net import ParticleNet, neighbour_edges
from hepml_lite.training import count_parameters


def small():
    model = ParticleNet(blocks=((8, 8), (16, 16)), n_neighbours=3, head_size=16)
    for module in model.modules():  # fresh statistics would make each normalisation the identity
        if isinstance(module, RowNorm):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    return model


def naive(model, constituents, mask):
    """The formulas of the paper, particle by particle, for a small network in evaluation mode."""
    logits = []
    for jet, real in zip(constituents, mask, strict=True):
        features = kinematic_features(jet[None, real], real[None, real])[0]
        points, x = features[:, :2], model.input_norm(features)
        for block in model.blocks:
            rows = []
            for i in range(len(x)):
                distance = (points - points[i]).norm(dim=1)
                near = [j for j in distance.argsort().tolist() if j != i][: model.n_neighbours]
                messages = []
                for j in near:
                    h = block.centre(x[i]) + block.difference(x[j] - x[i])
                    h = block.norms[0](h[None]).relu()
                    for layer, norm in zip(block.layers, block.norms[1:], strict=True):
                        h = norm(layer(h)).relu()
                    messages.append(h[0])
                mean = torch.stack(messages).mean(0) if messages else 0
                rows.append((block.shortcut(x[i][None])[0] + mean).relu())
            points = x = torch.stack(rows)
        logits.append(model.head(x.mean(0)))
    return torch.stack(logits)


@torch.no_grad()
def test_it_is_the_formula_of_the_paper_particle_by_particle():
    model = small().double().eval()
    constituents, mask = measured_jets(4, 8, fewest=1)
    mask[0] = torch.arange(8) < 1  # one particle: no neighbour
    mask[1] = torch.arange(8) < 2  # two: fewer than asked for
    constituents = constituents.double()
    torch.testing.assert_close(model(constituents, mask), naive(model, constituents, mask))


def from_weaver(weaver, model):
    """Copy the weights of weaver-core's ParticleNet (without its fusion layer) into ours."""
    ours, theirs = model.state_dict(), weaver.state_dict()
    for name, value in theirs.items():
        name = name.replace("bn_fts", "input_norm").replace("edge_convs", "blocks")
        name = name.replace("sc_bn", "shortcut.1").replace("sc.", "shortcut.0.")
        name = name.replace("bns", "norms")
        name = name.replace("fc.0.0", "head.layers.0").replace("fc.1", "head.layers.3")
        if ".convs.0" in name:
            centre, difference = value.squeeze().chunk(2, 1)
            block = name.split(".convs")[0]
            ours[f"{block}.centre.weight"] = centre
            ours[f"{block}.difference.weight"] = difference
            continue
        if ".convs." in name:
            block, layer = name.removesuffix(".weight").split(".convs.")
            name = f"{block}.layers.{int(layer) - 1}.weight"
        ours[name] = value.reshape(ours[name].shape)
    model.load_state_dict(ours)


@pytest.mark.parametrize("training", [False, True])
def test_the_authors_implementation_gives_the_same_logits_and_gradients(training):
    """Jets without padding in training: theirs counts padding in the batch statistics."""
    weaver = pytest.importorskip("weaver.nn.model.ParticleNet", reason="weaver-core")
    theirs = weaver.ParticleNet(7, 2, [(3, (8, 8)), (3, (16, 16))], [(16, 0.0)], use_fusion=False)
    model = ParticleNet(
        blocks=((8, 8), (16, 16)), n_neighbours=3, head_size=16, dropout=1e-9
    )  # dropout so small that it is none, but has its place among the layers
    from_weaver(theirs, model)
    constituents, mask = measured_jets(16, 12, fewest=12 if training else 4)
    constituents = constituents.double()
    theirs, model = theirs.double().train(training), model.double().train(training)
    features = kinematic_features(constituents, mask).mT.clone().requires_grad_()  # (N, 7, P)
    expected = theirs(features[:, :2], features, mask[:, None])
    logits = model(constituents, mask)
    torch.testing.assert_close(logits, expected)
    for result in logits, expected:
        result.square().sum().backward()
    weight = theirs.edge_convs[0].convs[0].weight.grad.squeeze()
    block = model.blocks[0]
    torch.testing.assert_close(
        torch.cat([block.centre.weight.grad, block.difference.weight.grad], 1), weight
    )


def test_features_of_a_jet_by_hand():
    constituents = torch.tensor([[[3.0, 1.0, 3.1], [3.0, 1.0, -3.1], [0.0, 0.0, 0.0]]])
    features = kinematic_features(constituents, torch.tensor([[True, True, False]]))[0]
    half = torch.tensor(torch.pi - 3.1)
    assert features[2].tolist() == [0] * 7
    torch.testing.assert_close(features[0, 1], -half)  # the axis lies on the seam of φ
    torch.testing.assert_close(features[1, 1], half)
    torch.testing.assert_close(features[0, 2], torch.tensor(3.0).log())
    torch.testing.assert_close(
        features[0, 3], torch.tensor(3.0).log() + torch.tensor(1.0).cosh().log()
    )
    torch.testing.assert_close(features[0, 4], -(2 * half.cos()).log())
    torch.testing.assert_close(features[0, 5], torch.tensor(0.5).log())
    torch.testing.assert_close(features[0, 6], torch.hypot(*features[0, :2]))


def test_edges_lead_to_the_nearest_real_particles():
    points = torch.tensor([[[0.0], [0.1], [1.0], [0.05]], [[0.0], [9.0], [2.0], [3.0]]])
    mask = torch.tensor([[True, True, True, False], [True, True, False, True]])
    centre, neighbour = neighbour_edges(points, mask, 1)
    assert centre.tolist() == [0, 1, 2, 3, 4, 5]
    assert neighbour.tolist() == [1, 0, 1, 5, 5, 3]
    assert len(neighbour_edges(points, mask, 16)[0]) == 2 * 3 * 2


def test_sparing_memory_changes_neither_gradients_nor_running_means(monkeypatch):
    jets, results = measured_jets(), []
    for many in 1, 10**9:
        monkeypatch.setattr(row_norm, "RECOMPUTE_ABOVE", many)
        results.append(passed(small, *jets))
    torch.testing.assert_close(*results)


def test_the_papers_sizes():
    assert count_parameters(ParticleNet()) == 26_416  # ParticleNet-Lite, quoted as 26k
    assert "366,160 parameters" in repr(ParticleNet.paper())
    assert ParticleNet(n_extra=2, n_classes=5)(torch.ones(3, 4, 5), torch.ones(3, 4) > 0).shape == (
        3,
        5,
    )


def test_a_few_steps_learn_wide_jets_from_narrow_ones():
    assert_learns(small(), *widened(), rate=3e-3, steps=30, to=0.7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: ParticleNet(blocks=()), r"blocks=\(\)"),
        (lambda: ParticleNet(blocks=((8, 0),)), "widths ≥ 1"),
        (lambda: ParticleNet(n_neighbours=0), "n_neighbours=0"),
        (lambda: ParticleNet(n_extra=-1), "n_extra=-1"),
        (lambda: ParticleNet(head_size=0), "all ≥ 1"),
        (lambda: small()(torch.ones(1, 2, 2), torch.ones(1, 2) > 0), "n_extra=-1"),
        (lambda: small()(torch.ones(1, 2, 5), torch.ones(1, 2) > 0), "Make it with n_extra=2"),
    ],
)
def test_what_makes_no_network_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
