"""What students try with `fit`: it works, or the message says what to write instead."""

import numpy as np
import pytest
import torch
from torch import nn

from hepml_lite.networks.layers.mlp import MLP
from hepml_lite.training import cross_entropy, fit, predict

INPUTS = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
LABELS = (INPUTS[:, 0] > 0).astype(np.int64)


def train(**settings):
    torch.manual_seed(0)
    given = {"data": (INPUTS, LABELS), "loss": cross_entropy, "epochs": 1} | settings
    return fit(MLP((4, 8, 2)), device="cpu", progress=False, **given)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"loss": nn.CrossEntropyLoss()}, TypeError, "CrossEntropyLoss.*training.cross_entropy"),
        ({"loss": "cross_entropy"}, TypeError, "loss is 'cross_entropy', not a function"),
        ({"optimizer": "adam"}, TypeError, "optimizer is 'adam', not a function.*torch.optim.SGD"),
        ({"schedule": 0.5}, TypeError, "schedule is 0.5, not a function"),
        ({"data": 3.0}, TypeError, "data is float: give a tuple"),
        ({"epochs": 2.5}, ValueError, "epochs=2.5: give a whole number"),
        ({"epochs": True}, ValueError, "epochs=True"),
        ({"batch_size": "256"}, ValueError, "batch_size='256'"),
        ({"learning_rate": "0.1"}, ValueError, "learning_rate='0.1'"),
        ({"data": (INPUTS, LABELS - 0.5)}, ValueError, "40 of 40 labels in data.1. are no classes"),
        ({"data": (INPUTS, LABELS - 100)}, ValueError, "the first is -(99|100) in row 0"),
        ({"data": (INPUTS, LABELS + 1)}, ValueError, "a label is 2, but the model has 2 classes"),
        ({"data": (INPUTS, INPUTS)}, ValueError, r"labels \(N,\) as the last"),
        ({"data": (INPUTS,)}, ValueError, r"labels \(N,\) as the last"),
        ({"validation": (INPUTS, LABELS + 0.5)}, ValueError, r"labels in validation\[1\]"),
    ],
)
def test_what_fit_cannot_use_is_named_with_what_to_write(settings, error, message):
    with pytest.raises(error, match=message):
        train(**settings)


def test_labels_of_other_types_are_labels():
    expected = train().train_loss
    for labels in (LABELS.astype(bool), LABELS.astype(float), LABELS.astype(np.int8)):
        assert train(data=(INPUTS, labels)).train_loss == expected


def test_features_in_half_or_double_precision_train_as_in_single_precision():
    expected = train().train_loss
    for kind, tolerance in ((np.float16, 1e-3), (np.float64, 0)):
        loss = train(data=(INPUTS.astype(kind), LABELS)).train_loss
        np.testing.assert_allclose(loss, expected, rtol=tolerance)
    assert train(data=(torch.tensor(INPUTS).half(), LABELS)).train_loss == pytest.approx(
        expected, rel=1e-3
    )


def test_weights_in_double_precision_are_named():
    with pytest.raises(ValueError, match=r"x holds torch.float32, the weights .*torch.float64"):
        fit(MLP((4, 2)).double(), (INPUTS, LABELS), cross_entropy, device="cpu", progress=False)


def test_a_nan_that_only_the_weights_notice_is_named_in_the_data():
    """With the feature at index 0 the loss of the first batches stays finite."""
    inputs = INPUTS.copy()
    inputs[-1, 0] = np.nan
    with pytest.raises(FloatingPointError, match=r"data\[0\] holds 1 NaN"):
        train(data=(inputs, LABELS), batch_size=8)


def test_a_class_is_no_network():
    with pytest.raises(TypeError, match=r"model is .*MLP.*, no network"):
        fit(MLP, (INPUTS, LABELS), cross_entropy)
    with pytest.raises(TypeError, match="no network"):
        predict(MLP, INPUTS)


def test_one_output_is_no_logits():
    with pytest.raises(ValueError, match=r"the model gives \(40, 1\)"):
        fit(MLP((4, 1)), (INPUTS, LABELS), cross_entropy, device="cpu", progress=False)


def test_weights_that_became_nan_stop_the_training():
    """On a CPU ReLU turns the NaN into 0, and the loss stays finite."""
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))

    class Spoil:
        def on_batch_end(self, history):
            with torch.no_grad():
                model[0].weight[0, 0] = torch.nan

    with pytest.raises(FloatingPointError, match=r"the weights 0\.weight"):
        fit(
            model, (INPUTS, LABELS), cross_entropy, callbacks=[Spoil()], epochs=1, device="cpu",
            progress=False,
        )  # fmt: skip
    assert all(weights.isfinite().all() for weights in model.parameters())
