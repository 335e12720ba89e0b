import math
import runpy
from pathlib import Path

import pytest
import torch
from laws import (
    assert_gradients_reach_every_parameter,
    assert_padding_invariant,
    assert_permutation_invariant,
    assert_save_load_round_trip,
)

from hepml_lite.networks import minkowski
from hepml_lite.networks.lorentz_net import LorentzNet, product
from hepml_lite.networks.minkowski import REFERENCES, psi
from hepml_lite.representations.transformations import boost_matrix
from hepml_lite.training import count_parameters

torch.set_num_threads(1)
KEPT = {
    (): {"boost z", "boost x", "turn z", "turn x"},
    ("time",): {"turn z", "turn x"},
    ("axis",): {"boost x", "turn z"},
    ("beams",): {"turn z"},
    ("time", "beams"): {"turn z"},
}


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def jets(n_jets=6, n_slots=7, smallest=1):
    """Four-vectors (N, P, 4) of 1 GeV particles in GeV, float64, and mask: 1, 2, 3 … particles."""
    p = 4 * torch.randn(n_jets, n_slots, 3, dtype=torch.float64) + 2
    x = torch.cat([(p.square().sum(-1, keepdim=True) + 1).sqrt(), p], -1)
    mask = torch.arange(n_slots) < (smallest + torch.arange(n_jets)).clamp(max=n_slots)[:, None]
    return x * mask[..., None], mask


def small(reference=("beams",), trained=True):
    """A net whose running averages and steps of x are not those of a fresh one."""
    model = LorentzNet(8, 2, reference=reference, step=0.3)
    if trained:
        for block in model.LGEBs[:-1]:
            torch.nn.init.normal_(block.phi_x[2].weight)
        for name, buffer in model.named_buffers():
            if "running_mean" in name:
                buffer.copy_(0.1 * torch.randn_like(buffer))
            if "running_var" in name:
                buffer.copy_(0.1 + 0.2 * torch.rand_like(buffer))
    return model


def transformation(name):
    kind, axis = name.split()
    if kind == "boost":
        velocity = (0, 0, 0.4) if axis == "z" else (0.4, 0, 0)
        return torch.from_numpy(boost_matrix(velocity))
    i, j = (1, 2) if axis == "z" else (2, 3)
    matrix = torch.eye(4, dtype=torch.float64)
    matrix[i, i] = matrix[j, j] = math.cos(0.7)
    matrix[i, j], matrix[j, i] = -math.sin(0.7), math.sin(0.7)
    return matrix


def by_hand(model, four_vectors, mask):
    """The network of the paper, pair by pair, in its mode: the tensor of inputs is built here."""
    metric = torch.tensor([1.0, -1, -1, -1], dtype=torch.float64)
    beams = [v for name in model.reference for v in REFERENCES[name]]
    kinds = [k for k, name in enumerate(model.reference) for _ in REFERENCES[name]]
    jet, xs, flags = [], [], []
    for n, real in enumerate(mask):
        xs += [torch.tensor(v, dtype=torch.float64) for v in beams] + list(four_vectors[n][real])
        flags += [torch.eye(len(model.reference))[k] for k in kinds]
        flags += [torch.zeros(len(model.reference))] * int(real.sum())
        jet += [n] * (len(beams) + int(real.sum()))
    x, jet = torch.stack(xs), torch.tensor(jet)
    scalars = torch.cat([psi((x * x * metric).sum(-1, keepdim=True)), torch.stack(flags)], -1)
    h = model.embedding(scalars)
    edges = [
        (i, j) for i in range(len(jet)) for j in range(len(jet)) if jet[i] == jet[j] and i != j
    ]
    i, j = torch.tensor(edges).T
    for block in model.LGEBs:
        apart = x[i] - x[j]
        norms, dots = (psi((z * metric).sum(-1, keepdim=True)) for z in (apart**2, x[i] * x[j]))
        e = block.phi_e(torch.cat([h[i], h[j], norms, dots], -1))
        m = e * block.phi_m(e)
        if hasattr(block, "phi_x"):
            steps = torch.zeros_like(x).index_add(0, i, apart * block.phi_x(m))
            x = x + block.step * steps / torch.bincount(i, minlength=len(x)).clamp(min=1)[:, None]
        sums = torch.zeros_like(h).index_add(0, i, m)
        h = h + block.phi_h(torch.cat([h, sums, scalars], -1))
    means = torch.stack([h[jet == n].mean(0) for n in range(len(mask))])
    return model.graph_dec(means)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("reference", [(), ("beams",), ("time", "axis")])
def test_the_fast_messages_are_those_of_the_paper(reference, training, monkeypatch):
    """Logits, gradients and running averages, in slices of a few jets."""
    monkeypatch.setattr(minkowski, "NUMBERS", 600)
    x, mask = jets(smallest=2)
    results = []
    for forward in (lambda m, *data: m(*data), by_hand):
        torch.manual_seed(1)
        model = small(reference).double().train(training)
        logits = forward(model, x, mask)
        (logits * torch.arange(1, 3)).sum().backward()
        gradients = [p.grad.clone() for p in model.parameters()]
        results.append([logits.detach(), *gradients, *model.buffers()])
    for got, expected in zip(*results, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("training", [True, False])
def test_the_peer_of_the_benchmark_is_the_same_network(training):
    """What the speed is compared with takes the same weights to the same numbers."""
    file = Path(__file__).parents[3] / "benchmarks" / "peers" / "naive_lorentz_net.py"
    peer = runpy.run_path(str(file))["NaiveLorentzNet"](8, 2, step=0.3).double()
    model = small().double()
    peer.load_state_dict(model.state_dict())
    x, mask = jets(smallest=0)
    got = [net.train(training)(x, mask).detach() for net in (model, peer)]
    torch.testing.assert_close(*got)


def test_gradients_reach_the_particles():
    x, mask = jets(3, 4, smallest=2)
    model = small(()).double().eval()
    assert torch.autograd.gradcheck(lambda x: model(x, mask), x.requires_grad_())


@pytest.mark.parametrize("reference", KEPT)
def test_only_what_keeps_the_reference_vectors_is_a_symmetry(reference):
    x, mask = jets()
    model = small(reference).double().eval()
    with torch.no_grad():
        expected = model(x, mask)
        for name in ("boost z", "boost x", "turn z", "turn x"):
            change = (model(x @ transformation(name).T, mask) - expected).abs().max()
            change = (change / expected.abs().max()).item()
            assert (change < 1e-10) == (name in KEPT[reference]), (name, change)
            assert name in KEPT[reference] or change > 1e-5, (name, change)


def test_lorentz_invariance_in_single_precision():
    """float32 weights, float64 products: the symmetry holds to the rounding of the weights."""
    x, mask = jets()
    model = small(()).eval()
    with torch.no_grad():
        boosted = model(x @ transformation("boost z").T, mask)
        torch.testing.assert_close(boosted, model(x, mask), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("reference", [(), ("beams",)])
def test_neither_order_nor_padding_matters(reference):
    assert_permutation_invariant(small(reference), *jets())
    assert_padding_invariant(small(reference), *jets())
    assert_padding_invariant(small(reference), *jets(), garbage=float("nan"))


def test_padding_changes_nothing_in_training_either():
    x, mask = jets()
    longer = torch.cat([x, torch.full_like(x, 7.0)], 1)
    more = torch.cat([mask, torch.zeros_like(mask)], 1)
    model = small().double()
    torch.testing.assert_close(model(longer, more), model(x, mask))


def test_every_parameter_learns():
    assert_gradients_reach_every_parameter(small(), *jets(32, 9))


def test_weights_come_back_from_disk(tmp_path):
    assert_save_load_round_trip(lambda: small(trained=False), *jets(), tmp_path / "net.pt")


@pytest.mark.parametrize("reference", [(), ("beams",)])
def test_tiny_and_empty_jets_give_finite_outputs_and_gradients(reference):
    model = small(reference)
    x, mask = jets()
    mask[3] = False
    logits = model(x, mask)
    logits.sum().backward()
    assert logits.isfinite().all()
    assert all(p.grad.isfinite().all() for p in model.parameters())
    model.eval()
    for count in (0, 1, 2):
        mask = torch.arange(7).expand(6, 7) < count
        assert model(x, mask).isfinite().all()
    assert model(x[:0], mask[:0]).shape == (0, 2)


def test_the_papers_sizes():
    model = LorentzNet.paper()
    assert count_parameters(model) == 224_072  # quoted as 224k
    names = dict(model.named_parameters())
    assert names["LGEBs.0.phi_e.0.weight"].shape == (72, 146)  # as in the authors' code
    assert names["LGEBs.5.phi_h.0.weight"].shape == (72, 146)
    assert "LGEBs.5.phi_x.0.weight" not in names


def test_training_lowers_the_loss():
    x, mask = jets(64, 6, smallest=4)
    mass = (x.sum(1) ** 2 @ torch.tensor([1.0, -1, -1, -1], dtype=x.dtype)).abs().log()
    labels = (mass > mass.median()).long()
    model = LorentzNet(8, 2)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        loss = torch.nn.functional.cross_entropy(model(x, mask), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0], losses


def test_the_fast_product_is_a_linear_layer():
    x, w, b = torch.randn(3, 50, 8), torch.randn(5, 8), torch.randn(5)
    torch.testing.assert_close(product(x, w, b), torch.nn.functional.linear(x, w, b))
    torch.testing.assert_close(product(x, w.T.contiguous().T), x @ w.T)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LorentzNet(0), "width=0"),
        (lambda: LorentzNet(n_blocks=0), "n_blocks=0"),
        (lambda: LorentzNet(dropout=1.0), "dropout=1.0"),
        (lambda: LorentzNet(reference=("beam",)), "time, axis, beams"),
        (lambda: LorentzNet(reference="beams"), "tuple"),
        (lambda: LorentzNet()(torch.zeros(2, 3, 3), torch.ones(2, 3) > 0), r"\(2, 3, 3\)"),
    ],
)
def test_what_makes_no_network_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
