"""Train a network and use it: `fit`, `predict`, losses, schedules, devices, weights on disk."""

from hepml_lite.training import devices, fitting, history, loop, weights
from hepml_lite.training.fitting import (
    adam,
    cosine,
    count_parameters,
    cross_entropy,
    fit,
    predict,
    predict_probability,
)
from hepml_lite.training.history import History
from hepml_lite.training.weights import load_weights, save_weights

__all__ = [
    "History",
    "adam",
    "cosine",
    "count_parameters",
    "cross_entropy",
    "devices",
    "fit",
    "fitting",
    "history",
    "load_weights",
    "loop",
    "predict",
    "predict_probability",
    "save_weights",
    "weights",
]
