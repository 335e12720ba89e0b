import numpy as np
import pytest
import torch
from laws import particles

from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.networks.particle_net import ParticleNet
from hepml_lite.networks.particle_transformer import ParticleTransformer
from hepml_lite.tagging.transfer import data_efficiency, fine_tune, fine_tuning, with_new_head
from hepml_lite.training import cross_entropy, fit

torch.set_num_threads(1)
DIMENSION = 10


def related(n, task, seed=0):
    """Points (N, D) whose labels depend on a hidden |u·x|: tasks cut it at different places."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, DIMENSION)).astype(np.float32)
    hidden = np.abs(x[:, :4].sum(1)) / 2
    cuts = {"pre": (0.3, 0.7, 1.2), "target": (0.67,)}[task]
    return x, np.digitize(hidden, cuts)


def network(seed, n_classes=2):
    torch.manual_seed(seed)
    return MLP((DIMENSION, 32, 32, n_classes))


@pytest.fixture(scope="module")
def pretrained():
    model = network(0, 4)
    fit(model, related(4000, "pre"), cross_entropy, epochs=20, learning_rate=3e-3, progress=False)
    return model


def weights(model):
    return {name: value.clone() for name, value in model.state_dict().items()}


def changed(before, after):
    return {name for name in before if not torch.equal(before[name], after[name])}


@pytest.mark.parametrize("make", [ParticleFlowNetwork, ParticleTransformer, ParticleNet])
def test_a_new_head_is_all_that_is_new(make):
    old = make()
    new, again, other = (with_new_head(old, 6, seed) for seed in (1, 1, 2))
    features, mask = particles()
    assert new.eval()(features, mask).shape == (len(mask), 6)
    assert not changed(weights(new), weights(again))
    head = changed(weights(new), weights(other))
    assert len(head) == 2
    before, after = old.state_dict(), new.state_dict()
    kept = before.keys() - head
    assert all(torch.equal(before[name], after[name]) for name in kept)
    new(features, mask).sum().backward()
    assert all(p.grad is None for p in old.parameters())  # a copy: nothing is shared
    assert "→ 6" in repr(new) or make is not ParticleFlowNetwork


def test_head_only_leaves_the_body_as_it_is():
    model = with_new_head(ParticleNet(), 2)  # with batch normalisation and dropout
    before, (features, mask) = weights(model), particles(20)
    fine_tune(model, (features, mask, np.arange(20) % 2), head_only=True, steps=5)
    assert changed(before, weights(model)) == {"head.layers.3.weight", "head.layers.3.bias"}
    assert all(p.requires_grad for p in model.parameters())


def test_the_body_learns_at_its_own_rate():
    data = related(64, "target")
    moved = {}
    for factor in 0.01, 1.0:
        model = network(0)
        before = weights(model)
        fine_tune(model, data, steps=1, body_factor=factor)  # a step of Adam is the rate itself
        after = weights(model)
        moved[factor] = {n: (after[n] - before[n]).abs().max().item() for n in before}
    head, body = "layers.4.weight", "layers.0.weight"
    assert [m[head] for m in moved.values()] == pytest.approx([1e-3, 1e-3], rel=1e-3)
    assert moved[0.01][body] == pytest.approx(0.01 * moved[1.0][body], rel=0.01)


@pytest.mark.parametrize("n", [50, 700])
def test_the_number_of_steps_does_not_depend_on_that_of_the_jets(n):
    history = fine_tune(network(0), related(n, "target"), steps=90)
    per_epoch = int(np.ceil(0.8 * n / 64))
    assert len(history.train_loss) * per_epoch == pytest.approx(90, abs=per_epoch / 2)


def test_pre_training_on_a_related_task_saves_labels(pretrained):
    settings = {"steps": 100, "learning_rate": 3e-3}
    methods = {
        "scratch": fine_tuning(network, body_factor=1, **settings),
        "tuned": fine_tuning(lambda seed: with_new_head(pretrained, 2, seed), **settings),
        "head": fine_tuning(
            lambda seed: with_new_head(pretrained, 2, seed), head_only=True, **settings
        ),
    }
    train, test = related(2000, "target", 1), related(2000, "target", 2)
    table = data_efficiency(methods, train, test, (50, 2000), seeds=(0, 1))
    few, many = ({name: rows[i].auc.value for name, rows in table.items()} for i in (0, 1))
    assert few["tuned"] > few["scratch"] + 0.2
    assert few["head"] > few["scratch"] + 0.2
    assert many["scratch"] > few["scratch"] + 0.1
    assert abs(many["tuned"] - few["tuned"]) < 0.1
    again = data_efficiency({"head": methods["head"]}, train, test, (50,), seeds=(0, 1))
    assert np.array_equal(again["head"][0].aucs, table["head"][0].aucs)


def test_what_cannot_be_transferred_is_named():
    data = related(20, "target")
    with pytest.raises(ValueError, match="n_classes=1"):
        with_new_head(network(0), 1)
    with pytest.raises(ValueError, match="at least one each"):
        fine_tune(network(0), data, validation_share=0)
    make = {"scratch": fine_tuning(network)}
    with pytest.raises(ValueError, match="30 jets asked for, there are 20"):
        data_efficiency(make, data, data, (10, 30))
    with pytest.raises(ValueError, match="two draws"):
        data_efficiency(make, data, data, (10,), seeds=(0,))
