"""Train a network and use it: `fit`, `predict`, losses, schedules, devices, weights on disk.

Read `loop` first: it is the training, on one page. `fitting` prepares what the loop needs, and each
other module adds one thing: checkpoints, several devices, a progress bar.
"""

from hepml_lite.training import (
    batches,
    callbacks,
    checkpoints,
    checks,
    devices,
    distance_correlation,
    fitting,
    history,
    loop,
    mean_loss,
    optimisation,
    prediction,
    progress_bar,
    random_numbers,
    run,
    two_players,
    weights,
)
from hepml_lite.training.callbacks import Callback
from hepml_lite.training.distance_correlation import disco_loss
from hepml_lite.training.fitting import fit
from hepml_lite.training.history import History
from hepml_lite.training.optimisation import adam, cosine, count_parameters, cross_entropy
from hepml_lite.training.prediction import predict, predict_probability
from hepml_lite.training.weights import load_weights, save_weights

__all__ = [
    "Callback",
    "History",
    "adam",
    "batches",
    "callbacks",
    "checkpoints",
    "checks",
    "cosine",
    "count_parameters",
    "cross_entropy",
    "devices",
    "disco_loss",
    "distance_correlation",
    "fit",
    "fitting",
    "history",
    "load_weights",
    "loop",
    "mean_loss",
    "optimisation",
    "predict",
    "predict_probability",
    "prediction",
    "progress_bar",
    "random_numbers",
    "run",
    "save_weights",
    "two_players",
    "weights",
]
