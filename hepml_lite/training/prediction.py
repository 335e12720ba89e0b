"""Use a trained network: its output, or class probabilities, for arrays of any length."""

import numpy as np
import torch
from torch import nn

from hepml_lite.training.batches import Arrays, as_tensors
from hepml_lite.training.devices import choose_device, device_of


@torch.no_grad()
def predict(
    model: nn.Module,
    inputs: Arrays,
    batch_size: int = 256,
    device: str | torch.device = "auto",
) -> np.ndarray:
    """`model(*inputs)` in evaluation mode, one row per example, in the order of the inputs.

    Args:
        model: gives one tensor; its mode and device are put back afterwards.
        inputs: tuple of arrays or tensors with one row per example, e.g. (features, mask).
        batch_size: examples at a time; does not change the result, 256 is fast on a CPU.
        device: see `hepml_lite.training.devices.choose_device`.

    Raises:
        ValueError: inputs of different lengths, a batch size below 1, an unknown device.
    """
    tensors = as_tensors(inputs, "inputs")
    if batch_size < 1:
        raise ValueError(f"batch_size={batch_size}: give a number of examples, 1 or more.")
    chosen = choose_device(device)
    home = device_of(model)
    was_training = model.training
    n_examples = max(len(tensors[0]), 1)  # no examples: an output with 0 rows of the right shape
    outputs = []
    try:
        model.to(chosen).eval()
        for start in range(0, n_examples, batch_size):
            batch = [t[start : start + batch_size].to(chosen) for t in tensors]
            outputs.append(model(*batch).float().cpu())
    finally:
        model.to(home).train(was_training)
    return torch.cat(outputs).numpy()


def predict_probability(
    model: nn.Module,
    inputs: Arrays,
    batch_size: int = 256,
    device: str | torch.device = "auto",
) -> np.ndarray:
    """Softmax of the logits of a classifier: probabilities (N, n_classes), each row sums to 1.

    Raises:
        ValueError: as `predict`, or the output is not (N, n_classes) with two classes or more.
    """
    logits = predict(model, inputs, batch_size, device)
    if logits.ndim != 2 or logits.shape[1] < 2:
        raise ValueError(
            f"the model gives {logits.shape}, not (N, n_classes) with n_classes ≥ 2: "
            "use predict, and a sigmoid if it has one logit."
        )
    return torch.from_numpy(logits).softmax(1).numpy()
