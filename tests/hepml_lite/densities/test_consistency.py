"""Consistency distillation: one evaluation makes rows like those of the teacher."""

import numpy as np
import pytest
import torch

from hepml_lite import densities
from hepml_lite.densities import Consistency, FlowMatching, TrainingPlan

PLAN = TrainingPlan(epochs=25, batch_size=256, learning_rate=3e-3, patience=None, progress=False)


@pytest.fixture(scope="module")
def student():
    rng = np.random.default_rng(0)
    condition = rng.uniform(-1, 1, (4000, 1))
    x = 3 * condition + rng.choice([-1, 1], (4000, 1)) + 0.2 * rng.normal(size=(4000, 2))
    model = Consistency(teacher=FlowMatching(width=32, plan=PLAN), plan=PLAN)
    return model.fit(x, condition, rng=1)


def test_one_step_keeps_mean_and_width(student):
    made = student.sample(2000, [0.5], 2)
    of_teacher = student.teacher.sample(2000, [0.5], 2)
    assert made.mean(0) == pytest.approx(of_teacher.mean(0), abs=0.2)
    assert made.std(0) == pytest.approx(of_teacher.std(0), rel=0.15)


def test_one_evaluation_comes_near_the_end_of_the_path_of_the_teacher(student):
    """Nearer than a single Euler step of the teacher, which needs one evaluation, too."""
    noise = torch.randn(500, 2, generator=torch.Generator().manual_seed(0))
    c = torch.zeros(500, 1)
    start = torch.zeros(500)
    teacher = student.teacher
    with torch.no_grad():
        end = teacher.solve(teacher.network, noise, c).x
        jump = student.end(student.network, noise, start, c)
        euler = noise + teacher.velocity(teacher.network, noise, start, c)
    assert (jump - end).square().mean() < 0.5 * (euler - end).square().mean()


def test_the_end_of_a_path_stays(student):
    z = torch.randn(5, 2)
    c = torch.zeros(5, 1)
    assert torch.equal(student.end(student.network, z, torch.ones(5), c), z)


def test_more_steps_take_more_evaluations(student, tmp_path):
    again = densities.load(densities.save(student, tmp_path / "student.safetensors"))
    assert np.array_equal(again.sample(3, [0.1], 4), student.sample(3, [0.1], 4))
    again.n_steps = 3
    assert again.n_evaluations == 3
    assert np.isfinite(again.sample(10, [0.1], 4)).all()


def test_one_level_is_refused():
    with pytest.raises(ValueError, match="n_levels"):
        Consistency(teacher=FlowMatching(), n_levels=1)
