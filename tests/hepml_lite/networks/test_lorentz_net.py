"""LorentzNet: the messages of the paper pair by pair, and what is left of the Lorentz symmetry."""

import pytest
import torch
from fast_paths import assert_falls_back, assert_readable_is_fast
from laws import assert_learns, passed
from lorentz import (
    KEPT,
    assert_invariant_in_single_precision,
    assert_only_what_keeps_the_references_is_a_symmetry,
    light_and_heavy,
    scattered,
)

from hepml_lite.networks.layers import pair_slices
from hepml_lite.networks.layers.minkowski import REFERENCES, psi
from hepml_lite.networks.lorentz_net import LorentzNet


def small(reference=("beams",)):
    """A net whose running averages and steps of x are not those of a fresh one."""
    model = LorentzNet(8, 2, reference=reference, step=0.3)
    for block in model.LGEBs[:-1]:
        torch.nn.init.normal_(block.phi_x[2].weight)
    for name, buffer in model.named_buffers():
        if "running_mean" in name:
            buffer.copy_(0.1 * torch.randn_like(buffer))
        if "running_var" in name:
            buffer.copy_(0.1 + 0.2 * torch.rand_like(buffer))
    return model


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
    monkeypatch.setattr(pair_slices, "NUMBERS", 600)
    jets = scattered(smallest=2)

    def make():
        return small(reference).double().train(training)

    by_pairs = passed(make, *jets, forward=by_hand)
    torch.testing.assert_close(passed(make, *jets), by_pairs, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("reference", [(), ("beams",), ("time", "axis")])
def test_the_readable_blocks_give_the_same(reference, training, kind, monkeypatch):
    """Logits, all gradients and running averages; jets of 0, 1, 2 … particles, NaN in padding."""
    monkeypatch.setattr(pair_slices, "NUMBERS", 600)
    assert_readable_is_fast(
        lambda: small(reference).to(kind).train(training), *scattered(smallest=0)
    )


def test_without_a_pair_both_ways_leave_the_averages_over_pairs():
    assert_readable_is_fast(lambda: small(()).double().train(), *scattered(3, 1))


def test_without_its_private_operator_it_is_readable(monkeypatch):
    model = small()
    jets = scattered()
    expected = model.eval()(*jets)
    assert_falls_back(
        "lorentz_messages", torch.ops.aten, "threshold_backward", lambda: model(*jets), expected,
        monkeypatch,
    )  # fmt: skip


def test_gradients_reach_the_particles():
    x, mask = scattered(3, 4, smallest=2)
    model = small(()).double().eval()
    assert torch.autograd.gradcheck(lambda x: model(x, mask), x.requires_grad_())


@pytest.mark.parametrize("reference", KEPT)
def test_only_what_keeps_the_reference_vectors_is_a_symmetry(reference):
    assert_only_what_keeps_the_references_is_a_symmetry(small(reference), *scattered())


def test_lorentz_invariance_in_single_precision():
    assert_invariant_in_single_precision(small(()), *scattered())


def test_the_papers_sizes():
    model = LorentzNet.paper()
    names = dict(model.named_parameters())
    assert names["LGEBs.0.phi_e.0.weight"].shape == (72, 146)  # as in the authors' code
    assert names["LGEBs.5.phi_h.0.weight"].shape == (72, 146)
    assert "LGEBs.5.phi_x.0.weight" not in names


def test_training_lowers_the_loss():
    data = light_and_heavy(scattered(64, 6, smallest=4))
    assert_learns(LorentzNet(8, 2), *data, rate=1e-2, steps=25, to=0.7)


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
