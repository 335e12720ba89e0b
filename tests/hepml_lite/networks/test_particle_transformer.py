"""The particle transformer: the paper's formula, the authors' code, and safety as a limit."""

import pytest
import torch
from fast_paths import assert_readable_is_fast
from laws import assert_learns, measured_jets, passed, widened

from hepml_lite.networks.fast import choice, pairs
from hepml_lite.networks.fast import particle_transformer as fast
from hepml_lite.networks.layers.kinematic_features import kinematic_features
from hepml_lite.networks.layers.row_norm import RowNorm
from hepml_lite.networks.particle_transformer import ParticleTransformer, pair_features
from hepml_lite.training import count_parameters

KINDS = pytest.mark.parametrize("irc_safe", [False, True])


def small(irc_safe=False, dropout=0.0):
    model = ParticleTransformer(
        0, (16, 24, 16), (8, 8), 4, 2, 2, dropout=dropout, irc_safe=irc_safe
    )
    for module in model.modules():  # fresh statistics would make each normalisation the identity
        if isinstance(module, RowNorm):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    for name, parameter in model.named_parameters():
        if "scale" in name or "norm" in name or "token" in name:
            torch.nn.init.normal_(parameter, 1, 0.5)
    return model


@torch.no_grad()
def from_weaver(weaver, model):
    """Copy the weights of weaver-core's ParticleTransformer into ours."""
    ours, theirs = model.state_dict(), weaver.state_dict()
    names = {
        "cls_token": "token", "cls_blocks": "class_blocks", "fc.0.": "head.1.",
        "pre_attn_norm": "attention_norm", "post_attn_norm": "attention_out_norm",
        "attn.out_proj": "attention.out", "pre_fc_norm": "mlp_norm", "post_fc_norm": "hidden_norm",
        "fc1": "hidden", "fc2": "out", "c_attn": "head_scale", "w_resid": "residual_scale",
        "embed.input_bn": "embedding.0", "pair_embed.embed": "pair_embedding",
    }  # fmt: skip
    for name, value in theirs.items():
        for old, new in names.items():
            name = name.replace(old, new)
        if name.startswith("norm."):
            name = name.replace("norm.", "head.0.")
        if name.startswith("embed.embed."):
            _, _, number, rest = name.split(".")
            name = f"embedding.{int(number) + 1}.{rest}"
        if "in_proj" in name:
            block, rest = name.split(".attn.in_proj.")
            for part, third in zip(("query", "key", "value"), value.chunk(3), strict=True):
                if (target := f"{block}.attention.{part}.{rest}") in ours:
                    ours[target] = third
            continue
        if name in ours:
            ours[name] = value.reshape(ours[name].shape)
    for name, value in theirs.items():  # the bias in front of a normalisation moves its mean
        if name.startswith("pair_embed.embed.") and name.endswith(".bias"):
            number = int(name.split(".")[2])
            if number % 3 == 1:
                mean = f"pair_embedding.{number + 1}.running_mean"
                ours[mean] = ours[mean] - value
    model.load_state_dict(ours)


@pytest.mark.parametrize("training", [False, True])
def test_the_authors_implementation_gives_the_same_logits_and_gradients(training):
    """Jets without padding in training: theirs counts padding in the batch statistics."""
    weaver = pytest.importorskip("weaver.nn.model.ParticleTransformer", reason="weaver-core")
    theirs = weaver.ParticleTransformer(
        7, 2, pair_input_dim=4, use_pre_activation_pair=False, embed_dims=(16, 24, 16),
        pair_embed_dims=(8, 8), num_heads=4, num_layers=2, num_cls_layers=2, trim=False,
        block_params={"dropout": 0, "attn_dropout": 0, "activation_dropout": 0},
    )  # fmt: skip
    for parameter in theirs.parameters():
        if parameter.ndim > 1:
            torch.nn.init.normal_(parameter, 0, 1.5 * parameter.shape[1] ** -0.5)
        else:
            torch.nn.init.normal_(parameter, 0.5, 0.5)
    theirs.double().train()
    constituents, mask = measured_jets(16, 12, fewest=12 if training else 1)
    constituents = constituents.double()
    pt, eta, phi = constituents.unbind(-1)
    vectors = [pt * phi.cos(), pt * phi.sin(), pt * eta.sinh(), pt * eta.cosh()]
    inputs = (
        kinematic_features(constituents, mask).mT.clone().requires_grad_(),
        torch.stack(vectors, 1),
        mask[:, None],
    )
    for _ in range(30):
        theirs(*inputs)  # so that its running means are those of jets
    model = small().double()
    from_weaver(theirs, model)
    logits, expected = model.train(training)(constituents, mask), theirs.train(training)(*inputs)
    torch.testing.assert_close(logits, expected, rtol=1e-6, atol=1e-7)
    for result in logits, expected:
        result.square().sum().backward()
    gradient = theirs.pair_embed.embed[1].weight.grad.squeeze(-1)
    assert gradient.abs().max() > 1e-3, "the pairs have no say in this test"
    torch.testing.assert_close(model.pair_embedding[1].weight.grad, gradient, rtol=1e-5, atol=1e-6)


@torch.no_grad()
def naive(model, jet):
    """Logits of one jet (P, 3) by the formulas of the paper, one particle at a time."""
    features = kinematic_features(jet[None], torch.ones(1, len(jet), dtype=bool))[0]
    ln_z = torch.zeros(len(jet)).to(jet)
    if model.irc_safe:
        features, ln_z = features[:, [0, 1, 6]], (jet[:, 0] / jet[:, 0].sum()).log()
    x, u = model.embedding(features), {}
    for i in range(len(jet)):
        for j in range(len(jet)):
            pair = pair_features(jet[i, None], jet[j, None])
            pair = (pair[:, 2:3].exp() + 0.01).log() if model.irc_safe else pair
            u[i, j] = model.pair_embedding(pair)[0] + ln_z[j]

    def attend(block, x, context, bias):
        n_heads, a = len(block.head_scale), block.attention
        heads = []
        for h in range(n_heads):
            rows = slice(h * len(x) // n_heads, (h + 1) * len(x) // n_heads)
            q, k, v = a.query(x)[rows], a.key(context)[:, rows], a.value(context)[:, rows]
            logits = torch.stack([q @ row / len(q) ** 0.5 for row in k]) + bias[:, h]
            heads.append(logits.softmax(0) @ v)
        seen = a.out(torch.cat(heads)).view(n_heads, -1) * block.head_scale[:, None]
        return block.attention_out_norm(seen.flatten())

    def think(block, x):
        hidden = torch.nn.functional.gelu(block.hidden(block.mlp_norm(x)))
        return block.residual_scale * x + block.out(block.hidden_norm(hidden))

    for block in model.blocks:
        normed = block.attention_norm(x)
        rows = []
        for i, row in enumerate(x):
            bias = torch.stack([u[i, j] for j in range(len(x))])
            rows.append(think(block, row + attend(block, normed[i], normed, bias)))
        x = torch.stack(rows)
    token = model.token[0, 0]
    bias = torch.cat([ln_z.new_zeros(1), ln_z])[:, None].expand(-1, len(block.head_scale))
    for block in model.class_blocks:
        context = block.attention_norm(torch.cat([token[None], x]))
        token = think(block, token + attend(block, token, context, bias))
    return model.head(token)


@KINDS
@torch.no_grad()
def test_it_is_the_formula_of_the_paper_particle_by_particle(irc_safe):
    model = small(irc_safe).double().eval()
    constituents, mask = measured_jets(3, 7, fewest=1)
    constituents = constituents.double()
    expected = [naive(model, c[m]) for c, m in zip(constituents, mask, strict=True)]
    torch.testing.assert_close(model(constituents, mask), torch.stack(expected))
    with choice.readable():
        torch.testing.assert_close(model(constituents, mask), torch.stack(expected))


@KINDS
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
def test_the_readable_path_gives_the_same(irc_safe, training, kind, monkeypatch):
    """Logits, all gradients, running averages; jets of 0, 1, 2 … particles, NaN in padding."""
    monkeypatch.setattr(pairs, "PAIRS", 100)  # several slices
    constituents, mask = measured_jets(8, 9, fewest=0)
    mask[0], mask[1] = False, torch.arange(9) == 3
    constituents[1, 3] = torch.tensor([50.0, 0.4, -0.2])
    assert_readable_is_fast(
        lambda: small(irc_safe).to(kind).train(training), constituents.to(kind), mask
    )


def soft_added(constituents, mask, z):
    """One more particle in each jet, somewhere, with the fraction `z` of its energy."""
    soft = constituents[:, :1] * 0 + torch.tensor([0.0, 0.9, 0.2]).to(constituents)
    soft[..., 0] = z * constituents[..., 0].sum(1, keepdim=True)
    return torch.cat([constituents, soft], 1), torch.cat([mask, mask[:, :1]], 1)


def split(constituents, mask, angle):
    """The first particle of each jet becomes two, of 0.3 and 0.7 of its pT, `angle` apart."""
    one, other = constituents[:, :1].clone(), constituents[:, :1].clone()
    one[..., 0] *= 0.3
    other[..., 0] *= 0.7
    one[..., 1] += 0.7 * angle
    other[..., 1] -= 0.3 * angle
    return torch.cat([one, constituents[:, 1:], other], 1), torch.cat([mask, mask[:, :1]], 1)


@torch.no_grad()
def changes(model, change, sizes):
    model = model.double().eval()
    constituents, mask = measured_jets()
    constituents = constituents.double()
    before = model(constituents, mask)
    return [(model(*change(constituents, mask, s)) - before).abs().max().item() for s in sizes]


@pytest.mark.parametrize("change", [soft_added, split])
def test_the_safe_one_is_infrared_and_collinear_safe_in_the_limit(change):
    sizes = 1e-2, 1e-4, 1e-6, 1e-8
    seen = changes(small(irc_safe=True), change, sizes)
    assert seen[0] > 1e-6, "the network sees nothing at all"
    for size, less in zip(sizes[1:], seen[1:], strict=True):
        assert less < 100 * size, f"{change.__name__}: {dict(zip(sizes, seen, strict=True))}"
    exact = changes(small(irc_safe=True), change, [0.0])[0]
    assert exact < 1e-10


@pytest.mark.parametrize("change", [soft_added, split])
def test_the_plain_one_is_not_safe(change):
    assert changes(small(), change, [1e-8])[0] > 1e-3


def test_features_of_a_pair_are_those_of_its_four_vectors():
    one, other = (
        torch.tensor([[40.0, 0.3, 3.1]]).double(),
        torch.tensor([[9.0, 0.1, -3.1]]).double(),
    )
    ln_kt, ln_z, ln_delta, ln_m2 = pair_features(one, other)[0]
    d_phi = 2 * torch.pi - 6.2
    p = sum(
        pt * torch.stack([eta.cosh(), phi.cos(), phi.sin(), eta.sinh()])
        for pt, eta, phi in (one[0], other[0])
    )
    torch.testing.assert_close(ln_delta.exp().item(), (0.2**2 + d_phi**2) ** 0.5, atol=0, rtol=1e-6)
    torch.testing.assert_close(ln_kt.exp(), 9 * ln_delta.exp())
    torch.testing.assert_close(ln_z.exp().item(), 9 / 49)
    torch.testing.assert_close(ln_m2.exp(), p[0] ** 2 - (p[1:] ** 2).sum())


def test_the_papers_sizes():
    assert 200_000 < count_parameters(ParticleTransformer()) < 230_000
    assert "2,139,654 parameters" in repr(ParticleTransformer.paper())
    assert "infrared and collinear safe" in repr(small(irc_safe=True))
    model = ParticleTransformer(n_extra=2, n_classes=5)
    assert model(torch.ones(3, 4, 5), torch.ones(3, 4) > 0).shape == (3, 5)


@KINDS
def test_a_few_steps_learn_wide_jets_from_narrow_ones(irc_safe):
    model = ParticleTransformer(0, (16, 16), (8,), 4, 1, 1, irc_safe=irc_safe)
    assert_learns(model, *widened(), rate=3e-3, to=0.7)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"embedding": ()}, "give sizes ≥ 1"),
        ({"pair_embedding": (0,)}, "give sizes ≥ 1"),
        ({"n_layers": 0}, "give sizes ≥ 1"),
        ({"n_extra": -1}, "n_extra=-1"),
        ({"n_heads": 5}, "multiple of the heads"),
        ({"dropout": 1.5}, "dropout"),
        ({"n_extra": 1, "irc_safe": True}, "not with irc_safe"),
    ],
)
def test_sizes_that_make_no_network_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ParticleTransformer(**settings)


def test_constituents_with_other_columns_are_refused():
    with pytest.raises(ValueError, match="Make it with n_extra=2"):
        small()(torch.ones(1, 2, 5), torch.ones(1, 2) > 0)


def test_sparing_memory_changes_nothing(monkeypatch):
    jets, results = measured_jets(), []
    for many in 1, 10**9:
        monkeypatch.setattr(fast, "RECOMPUTE_ABOVE", many)
        results.append(passed(lambda: small(dropout=0.1), *jets))
    torch.testing.assert_close(*results)
