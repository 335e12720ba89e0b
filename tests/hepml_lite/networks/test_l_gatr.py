"""L-GATr slim: lgatr's own network at its weights, and what is left of the Lorentz symmetry."""

import pytest
import torch
from fast_paths import assert_readable_is_fast
from laws import assert_learns
from lorentz import (
    KEPT,
    assert_only_what_keeps_the_references_is_a_symmetry,
    boost,
    light_and_heavy,
    scattered,
)

from hepml_lite.networks.fast import choice
from hepml_lite.networks.fast import l_gatr as fast
from hepml_lite.networks.l_gatr import LGATrSlim, in_rest_frame
from hepml_lite.networks.layers.minkowski import REFERENCES, minkowski_products


def jets(n_jets=6, n_slots=7, smallest=1):
    """Massless particles, harder than by default."""
    return scattered(n_jets, n_slots, smallest, mass=0.0, scale=20.0)


def small(reference=("beams",)):
    """A net with weights so large that its attention is not close to a mean."""
    model = LGATrSlim(4, 8, 2, 2, reference=reference)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return model


@pytest.mark.parametrize("reference", KEPT)
def test_only_what_keeps_the_reference_vectors_is_a_symmetry(reference):
    assert_only_what_keeps_the_references_is_a_symmetry(small(reference), *jets(), tolerance=1e-9)


@pytest.mark.parametrize(("kind", "tolerance"), [(torch.float64, 1e-6), (torch.float32, 1e-3)])
def test_lorentz_invariance_of_collimated_jets_under_random_boosts(kind, tolerance):
    """Particles 0.01 apart, boosted to 95% of the speed of light: products are all that is seen."""
    axis = torch.tensor([300.0, 0.0, 400.0], dtype=torch.float64)
    z, spread = torch.rand(8, 12, 1).double(), torch.randn(8, 12, 3).double()
    p = z * (axis + 5 * spread)
    x, mask = torch.cat([p.norm(dim=-1, keepdim=True), p], -1), torch.ones(8, 12) > 0
    model = small(()).to(kind)
    with torch.no_grad():
        expected = model(x, mask)
        for speed in torch.nn.functional.normalize(torch.randn(4, 3).double(), dim=1) * 0.95:
            boosted = x @ boost(*speed).T
            assert (model(boosted, mask) - expected).abs().max() < tolerance * expected.abs().max()


def test_the_rest_frame_is_at_rest_and_keeps_all_products():
    x, _ = jets(smallest=2)
    moved = in_rest_frame(x)
    torch.testing.assert_close(minkowski_products(moved), minkowski_products(x))
    torch.testing.assert_close(moved.sum(1)[:, 1:], torch.zeros(6, 3).double())


def test_a_jet_does_not_see_the_others_in_its_batch():
    x, mask = jets(40, 60)  # several groups of attention
    assert len(fast.groups_of(torch.ones(40, 60) > 0)) > 1
    model = small().double()
    alone = torch.cat([model(x[n : n + 1], mask[n : n + 1]) for n in range(40)])
    torch.testing.assert_close(model(x, mask), alone)


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
@pytest.mark.parametrize("reference", [(), ("time", "beams")])
def test_the_readable_path_gives_the_same(reference, kind, monkeypatch):
    """Logits and all gradients; jets of 0, 1, 2 … particles, NaN in padding."""
    monkeypatch.setattr(fast, "ROWS", 20)  # several groups
    x, mask = jets(8, 6, smallest=0)
    mask[0] = False
    mask[1] = torch.arange(6) == 3
    x[1, 3] = torch.tensor([50.0, 30.0, 0.0, 40.0])
    assert_readable_is_fast(lambda: small(reference).to(kind), x, mask)


def test_the_derivatives_are_those_of_the_function():
    """The linear layer's are written by hand, and differ from torch's in single precision only."""
    x, mask = jets(3, 4)
    model = LGATrSlim(2, 4, 2, 2, reference=("time",)).double()
    weights = dict(model.named_parameters())

    def output(*values):
        named = dict(zip(weights, values, strict=True))
        return torch.func.functional_call(model, named, (x, mask))

    assert torch.autograd.gradcheck(output, tuple(weights.values()), fast_mode=True)


def test_the_papers_sizes():
    """Those of the configuration in the authors' code."""
    model = LGATrSlim.paper()
    assert len(model.blocks) == 12
    assert model.embedding.vectors.shape == (32, 1)
    assert model.embedding.scalars.shape == (96, 3)


def test_training_lowers_the_loss():
    data = light_and_heavy(jets(64, 6, smallest=4))
    assert_learns(LGATrSlim(4, 8, 2, 2), *data, rate=2e-2, to=0.7)


def copied(model, theirs):
    """Weights of lgatr.LGATrSlim into ours: its gains belong to the linear map behind them."""

    def put(ours, weight, bias=None, v_gain=1.0, s_gain=1.0):
        if ours.vectors is not None:
            ours.vectors.copy_(weight[0] * v_gain)
        ours.scalars.copy_(weight[1] * s_gain)
        if bias is not None:
            ours.bias.copy_(bias)

    def pair(layer):
        return layer.weight_v, layer.linear_s.weight

    def heads_first(weight, h):  # rows (3, channel, head) → (3, head, channel)
        return weight.unflatten(0, (3, -1, h)).transpose(1, 2).flatten(0, 2)

    with torch.no_grad():
        put(model.embedding, pair(theirs.linear_in), theirs.linear_in.linear_s.bias)
        for ours, block in zip(model.blocks, theirs.blocks, strict=True):
            attention, (glu, last) = block.attention, block.mlp.layers
            gains = [(norm.weight_v, norm.weight_s) for norm in (block.norm1, block.norm2)]
            qkv = [heads_first(w, attention.num_heads) for w in pair(attention.linear_in)]
            put(ours.attention.queries_keys_values, qkv, None, *gains[0])
            put(ours.attention.out, pair(attention.linear_out), attention.linear_out.linear_s.bias)
            put(ours.mlp.hidden, pair(glu.linear), glu.linear.linear_s.bias, *gains[1])
            put(ours.mlp.out, pair(last), last.linear_s.bias)
        model.out.weight.copy_(theirs.linear_out.linear_s.weight)
        model.out.bias.copy_(theirs.linear_out.linear_s.bias)
    return model


@pytest.mark.parametrize("reference", [(), ("time", "beams")])
def test_with_its_weights_it_is_the_slim_network_of_lgatr(reference):
    lgatr = pytest.importorskip("lgatr")
    theirs = lgatr.LGATrSlim(
        num_blocks=3, in_v_channels=1, out_v_channels=0, hidden_v_channels=8,
        in_s_channels=1 + len(reference), out_s_channels=2, hidden_s_channels=16, num_heads=4,
    ).double()  # fmt: skip
    for parameter in theirs.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    model = LGATrSlim(8, 16, 3, 4, reference=reference).double()
    x, mask = jets()
    added = [v for name in reference for v in REFERENCES[name]]
    kinds = [k for k, name in enumerate(reference) for _ in REFERENCES[name]]
    tokens = torch.cat([torch.zeros(1, 4), torch.tensor(added).reshape(-1, 4)]).double()
    scalars = torch.zeros(6, len(tokens) + 7, 1 + len(reference)).double()
    scalars[:, 0, -1] = 1
    scalars[:, torch.arange(1, len(tokens)), kinds] = 1
    vectors = torch.cat([tokens.expand(6, -1, -1), x / 20], 1).unsqueeze(-2)  # (N, P, 1, 4)
    visible = torch.cat([torch.ones(6, len(tokens)) > 0, mask], 1)[:, None, None]
    expected = theirs(vectors, scalars, attn_mask=visible)[1][:, 0]
    torch.testing.assert_close(copied(model, theirs)(x, mask), expected, rtol=1e-7, atol=1e-7)
    with choice.readable():
        torch.testing.assert_close(model(x, mask), expected, rtol=1e-7, atol=1e-7)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LGATrSlim(0), "n_vectors=0"),
        (lambda: LGATrSlim(n_blocks=0), "n_blocks=0"),
        (lambda: LGATrSlim(6, 24, n_heads=4), "multiples of n_heads=4"),
        (lambda: LGATrSlim(reference=("beam",)), "time, axis, beams"),
        (lambda: LGATrSlim()(torch.zeros(2, 3, 3), torch.ones(2, 3) > 0), r"\(2, 3, 3\)"),
    ],
)
def test_what_makes_no_network_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
