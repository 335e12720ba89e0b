import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from hepml_lite.networks.deep_sets import ParticleFlowNetwork
from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.training import (
    cosine,
    count_parameters,
    cross_entropy,
    fit,
    predict,
    predict_probability,
)

torch.set_num_threads(1)
ROOT = Path(__file__).parents[3]


def blobs(n=600, seed=0):
    """Two classes that a small network separates: inputs (N, 4), labels (N,)."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, n)
    return rng.normal(size=(n, 4)) + labels[:, None], labels


def network(dropout=0.0, seed=0):
    torch.manual_seed(seed)
    return MLP((4, 16, 2), dropout=dropout)


def train(model=None, data=None, loss=cross_entropy, **settings):
    settings = {"epochs": 3, "batch_size": 64, "progress": False, "device": "cpu"} | settings
    model = model or network()
    return model, fit(model, data or blobs(), loss, **settings)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


class Recorder:
    def __init__(self, stop_after=None, model=None):
        self.events, self.kept, self.stop_after, self.model = [], [], stop_after, model

    def on_start(self, history):
        self.events.append(("start", len(history.train_loss), history.total_epochs))

    def on_epoch_end(self, history):
        self.events.append(("epoch", len(history.train_loss), history.best_epoch))
        if self.model:
            self.kept.append(weights(self.model))
        if self.stop_after == len(history.train_loss):
            raise KeyboardInterrupt

    def on_end(self, history):
        self.events.append(("end", len(history.train_loss), history.best_epoch))


def test_the_validation_loss_is_that_of_the_model_in_evaluation_mode():
    """Dropout and batch statistics are for training alone."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(4, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 2)
    )
    inputs, labels = blobs()
    validation = blobs(200, seed=1)
    _, history = train(model, (inputs, labels), validation=validation, epochs=1)
    logits = torch.from_numpy(predict(model, (validation[0],), device="cpu"))
    expected = nn.functional.cross_entropy(logits, torch.from_numpy(validation[1]))
    assert history.validation_loss[0] == pytest.approx(float(expected), rel=1e-5)


def test_the_network_learns_and_history_says_so():
    model, history = train(validation=blobs(200, 1), epochs=5, learning_rate=1e-2)
    assert history.train_loss[-1] < 0.7 * history.train_loss[0]
    assert len(history.train_loss) == len(history.validation_loss) == len(history.seconds) == 5
    inputs, labels = blobs(500, 2)
    assert (predict(model, (inputs,)).argmax(1) == labels).mean() > 0.8
    assert not model.training
    assert history.examples_per_second > 0
    assert "5 of 5 epochs on cpu" in str(history)
    assert f"validation {min(history.validation_loss):.4f}" in str(history)


def test_losses_are_means_over_examples_not_over_batches():
    """600 examples in batches of 256 end with one of 88, which must not weigh as much."""
    data = blobs()
    model, history = train(data=data, epochs=1, batch_size=256, validation=data, learning_rate=1e-9)
    exact = cross_entropy(model, *(torch.as_tensor(a) for a in (data[0].astype("f4"), data[1])))
    assert history.train_loss[0] == pytest.approx(exact.item(), abs=1e-5)
    assert history.validation_loss[0] == pytest.approx(exact.item(), abs=1e-5)


def test_same_seed_same_result_and_the_callers_random_numbers_go_on():
    torch.manual_seed(5)
    expected = torch.rand(3)
    results = []
    for seed in (1, 1, 2):
        model = network(dropout=0.3)
        torch.manual_seed(5)
        _, history = train(model, seed=seed)
        assert torch.equal(torch.rand(3), expected)
        results.append((history.train_loss, weights(model)))
    assert results[0][0] == results[1][0]
    assert torch.equal(results[0][1], results[1][1])
    assert results[0][0] != results[2][0]


def test_early_stopping_gives_the_best_epochs_weights():
    """Labels of the validation set are flipped: learning makes it worse from the start."""
    inputs, labels = blobs(200, 1)
    model = network()
    recorder = Recorder(model=model)
    _, history = train(
        model, validation=(inputs, 1 - labels), epochs=50, patience=4, callbacks=[recorder]
    )
    assert len(history.train_loss) == history.best_epoch + 4 < 50
    assert history.best_epoch == 1 + int(np.argmin(history.validation_loss))
    assert torch.equal(weights(model), recorder.kept[history.best_epoch - 1])
    assert not torch.equal(weights(model), recorder.kept[-1])


def test_without_validation_the_last_weights_stay():
    model = network()
    recorder = Recorder(model=model)
    _, history = train(model, callbacks=[recorder])
    assert history.best_epoch == 3
    assert torch.equal(weights(model), recorder.kept[-1])


def test_callbacks_are_told_in_order_and_may_know_only_some_events():
    class OnlyEnd:
        def on_end(self, history):
            self.best = history.best_epoch

    recorder, only_end = Recorder(), OnlyEnd()
    train(epochs=2, callbacks=[recorder, only_end])
    assert recorder.events == [("start", 0, 2), ("epoch", 1, 1), ("epoch", 2, 2), ("end", 2, 2)]
    assert only_end.best == 2


def test_an_interrupt_keeps_the_best_weights_and_returns():
    model = network()
    recorder = Recorder(stop_after=2, model=model)
    _, history = train(model, validation=blobs(200, 1), epochs=9, callbacks=[recorder])
    assert history.interrupted
    assert "2 of 9 epochs" in str(history)
    assert "interrupted" in str(history)
    assert recorder.events[-1][0] == "end"
    assert torch.equal(weights(model), recorder.kept[history.best_epoch - 1])
    train(model)  # the next cell goes on


def test_an_interrupt_in_the_first_epoch_keeps_what_was_learned():
    steps = []

    def loss(model, *batch):
        steps.append(1)
        if len(steps) == 5:
            raise KeyboardInterrupt
        return cross_entropy(model, *batch)

    model = network()
    start = weights(model).clone()
    _, history = train(model, loss=loss)
    assert history.interrupted
    assert history.train_loss == []
    assert not torch.equal(weights(model), start)
    assert "0 of 3 epochs" in str(history)


def test_nan_in_the_data_is_named():
    inputs, labels = blobs()
    inputs[17, 2] = np.nan
    with pytest.raises(FloatingPointError, match=r"epoch 1.*data\[0\] holds 1 NaN"):
        train(data=(inputs, labels))


def test_a_diverging_loss_is_explained_and_the_weights_are_put_back():
    def loss(model, *batch):
        value = cross_entropy(model, *batch)
        return value if len(history) < 2 else value * torch.nan

    history = []

    class Count:
        def on_epoch_end(self, _):
            history.append(1)

    model = network()
    with pytest.raises(FloatingPointError, match=r"epoch 3, batch 1: .*learning rate.*epoch 2"):
        train(model, loss=loss, epochs=4, callbacks=[Count()])
    assert weights(model).isfinite().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": (np.zeros((5, 4)), np.zeros(6))}, r"data: the arrays have \[5, 6\] rows"),
        ({"data": (np.zeros((0, 4)), np.zeros(0))}, "data holds no examples"),
        ({"validation": (np.zeros((0, 4)), np.zeros(0))}, "validation holds no examples"),
        ({"validation": ()}, "validation is empty"),
        ({"data": (np.array([["a"] * 4]), np.zeros(1))}, r"data\[0\] holds <U1, not numbers"),
        ({"epochs": -1}, "epochs=-1"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"learning_rate": 0.0}, "learning_rate=0"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"patience": 2}, "patience=2 watches the validation loss"),
        ({"device": "tpu"}, "device='tpu': this machine has .*cpu"),
        ({"devices": 0}, "devices=0"),
        ({"precision": "int8"}, "precision='int8'.*bf16-mixed"),
        ({"model": nn.ReLU()}, "ReLU has no trainable parameters"),
        ({"loss": lambda model, x, y: model(x).sum(1)}, r"loss returned a tensor \(64,\)"),
        ({"loss": lambda model, x, y: 0.5}, "loss returned 0.5"),
    ],
)
def test_what_cannot_be_trained_is_refused_with_the_reason(settings, message):
    with pytest.raises(ValueError, match=message):
        train(**settings)


def test_arrays_as_files_give_them_can_be_trained_on():
    """Big-endian numbers from ROOT, read-only maps, reversed views, small and unsigned labels."""
    inputs, labels = blobs()
    expected = train(data=(inputs, labels))[1].train_loss
    frozen = inputs.copy()
    frozen.flags.writeable = False
    for data in (
        (inputs.astype(">f4"), labels.astype(">i2")),
        (frozen, labels.astype("u4")),
        (inputs[::-1].copy()[::-1], labels.astype(bool)),
        (torch.as_tensor(inputs), torch.as_tensor(labels)),
    ):
        assert train(data=data)[1].train_loss == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("stop_after", [1, 3])
def test_a_resumed_training_equals_an_uninterrupted_one(tmp_path, stop_after):
    settings = {"epochs": 5, "validation": blobs(200, 1), "schedule": cosine, "seed": 3}
    whole, expected = train(network(dropout=0.2), **settings)
    settings["checkpoint"] = tmp_path / "run" / "fit.pt"
    stopped = [Recorder(stop_after)]
    _, first = train(network(dropout=0.2), callbacks=stopped, **settings)
    assert first.interrupted
    resumed, history = train(network(dropout=0.2, seed=9), **settings)
    assert history.train_loss == expected.train_loss
    assert history.validation_loss == expected.validation_loss
    assert history.best_epoch == expected.best_epoch
    assert not history.interrupted
    assert torch.equal(weights(resumed), weights(whole))
    again, _ = train(
        network(dropout=0.2), **settings
    )  # nothing is left to do: the result is read back
    assert torch.equal(weights(again), weights(whole))


def test_a_checkpoint_of_another_training_is_refused(tmp_path):
    train(checkpoint=tmp_path / "fit.pt")
    with pytest.raises(ValueError, match=r"'learning_rate': 0\.001.*delete it to start again"):
        train(checkpoint=tmp_path / "fit.pt", learning_rate=0.1)
    with pytest.raises(ValueError, match="weights of another network"):
        train(network(dropout=0.2), checkpoint=tmp_path / "fit.pt")  # as many, named differently
    (tmp_path / "fit.pt").write_bytes(b"half")
    with pytest.raises(ValueError, match="cannot be read"):
        train(checkpoint=tmp_path / "fit.pt")


def test_schedule_and_optimizer_are_used():
    rates = []

    class Spy(torch.optim.SGD):
        def step(self, closure=None):
            rates.append(self.param_groups[0]["lr"])
            return super().step(closure)

    train(optimizer=Spy, schedule=cosine, learning_rate=0.5, epochs=2, batch_size=300)
    assert rates == pytest.approx([0.5 * (1 + np.cos(np.pi * i / 4)) / 2 for i in range(4)])


def test_frozen_parameters_stay():
    model = network()
    model.layers[0].requires_grad_(False)
    before = model.layers[0].weight.clone(), model.layers[2].weight.clone()
    train(model)
    assert torch.equal(model.layers[0].weight, before[0])
    assert not torch.equal(model.layers[2].weight, before[1])
    assert count_parameters(model) == 34


def test_predictions_keep_the_order_and_do_not_depend_on_the_batch_size():
    torch.manual_seed(0)
    model = ParticleFlowNetwork(3, (8, 8), (8,), dropout=0.5).train()
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(301, 20, 3)), rng.random((301, 20)) < 0.7
    one_by_one = predict(model, inputs, batch_size=1)
    assert one_by_one.shape == (301, 2)
    assert one_by_one.dtype == np.float32
    for batch_size in (7, 301, 1024):
        np.testing.assert_allclose(predict(model, inputs, batch_size), one_by_one, atol=1e-5)
    order = rng.permutation(301)
    shuffled = predict(model, [a[order] for a in inputs])
    np.testing.assert_allclose(shuffled, one_by_one[order], atol=1e-5)
    assert model.training  # as it was
    assert predict(model, [a[:0] for a in inputs]).shape == (0, 2)


def test_probabilities_are_a_softmax_of_two_classes_or_more():
    model = network()
    inputs = blobs()[:1]
    probability = predict_probability(model, inputs)
    np.testing.assert_allclose(probability.sum(1), 1, atol=1e-6)
    logits = predict(model, inputs)
    np.testing.assert_allclose(
        np.log(probability[:, 1] / probability[:, 0]), logits[:, 1] - logits[:, 0], atol=1e-5
    )
    with pytest.raises(ValueError, match="sigmoid"):
        predict_probability(MLP((4, 1)), inputs)


def test_bfloat16_learns_as_float32_does():
    exact, rough = (
        train(precision=precision, epochs=4, learning_rate=1e-2)[1].train_loss
        for precision in (None, "bf16-mixed")
    )
    assert rough != exact
    assert rough == pytest.approx(exact, abs=0.02)


TWO_PROCESSES = """
import sys
if "notebook" in sys.argv:
    sys.ps1 = "In [1]: "  # what tells an interactive session from a script
sys.path.insert(0, {folder!r})
from test_training import blobs, network, train, weights
model, history = train(devices=2, validation=blobs(101, 1))
assert history.device == "2 × cpu", history
numbers = *history.train_loss, *history.validation_loss, float(weights(model).double().sum())
sys.stdout.write(" ".join(map(str, numbers)) + "\\n")
"""


@pytest.mark.parametrize("mode", ["script", "notebook"])
def test_two_processes_learn_what_one_does(mode, tmp_path):
    """Each gets half of every batch; gradients and losses are averaged: the same numbers."""
    script = tmp_path / "script.py"
    script.write_text(TWO_PROCESSES.format(folder=str(Path(__file__).parent)))
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    run = subprocess.run(
        [sys.executable, str(script), mode], env=environment, text=True, capture_output=True
    )
    assert run.returncode == 0, run.stderr
    model, history = train(validation=blobs(101, 1))
    one = [*history.train_loss, *history.validation_loss, float(weights(model).double().sum())]
    lines = run.stdout.strip().splitlines()
    assert len(lines) == {"script": 2, "notebook": 1}[mode]  # a script runs once per device
    for line in lines:
        assert [float(word) for word in line.split()] == pytest.approx(one, abs=1e-4)
