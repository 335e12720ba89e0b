"""A whole number may be given as 3.0: what the check returns is what is used."""

import ast
from pathlib import Path

import numpy as np
import pytest

from hepml_lite.densities import TrainingPlan
from hepml_lite.generation.events import VariationalAutoencoder, WassersteinGAN
from hepml_lite.trigger.quantised.quantised_training import QuantisedEncoder

BASE = Path(__file__).parents[1]
PLAN = TrainingPlan(epochs=1, progress=False)


def thrown_away(path):
    """Lines in which the result of `checked_count` is not kept."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            called = node.value.func
            if isinstance(called, ast.Name) and called.id == "checked_count":
                yield node.lineno


@pytest.mark.parametrize("package", ["hepml_lite", "data_fetch", "widgets"])
def test_the_whole_number_that_was_checked_is_kept(package):
    places = [
        f"{path.relative_to(BASE)}:{line}"
        for path in sorted((BASE / package).rglob("*.py"))
        for line in thrown_away(path)
    ]
    assert not places, f"keep what checked_count returns: {places}"


@pytest.mark.parametrize(
    "model",
    [
        WassersteinGAN(n_steps=2.0, plan=PLAN),
        VariationalAutoencoder(n_codes=2.0, plan=PLAN),
    ],
)
def test_a_whole_float_is_a_whole_number(model):
    rows = np.random.default_rng(1).normal(size=(300, 2))
    assert model.fit(rows, rng=1).sample(5, rng=2).shape[-1] == 2


def test_sizes_of_a_network_may_be_whole_floats():
    assert len(QuantisedEncoder((4.0, 3, 3, 2)).layers) == 3
