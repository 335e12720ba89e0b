"""A student of few steps against its teacher."""

import numpy as np
import pytest

from hepml_lite import densities
from hepml_lite.densities import Diffusion, FlowMatching, TrainingPlan, distill_to_few_steps

SHORT = TrainingPlan(epochs=6, batch_size=200, learning_rate=5e-3, progress=False)
STUDENT = TrainingPlan(epochs=8, batch_size=500, learning_rate=5e-3, progress=False)


@pytest.fixture(scope="module", params=[FlowMatching, Diffusion])
def models(request):
    rng = np.random.default_rng(0)
    label = rng.integers(2, size=4000).astype(float)
    x = 50 + rng.normal(size=(4000, 2)) * 0.5 + np.outer(2 * label - 1, [2, 1])
    teacher = request.param(plan=SHORT, width=32, n_blocks=1).fit(x, label)
    return teacher, distill_to_few_steps(teacher, 4, label, n_paths=4000, plan=STUDENT)


def test_four_steps_give_the_moments_of_the_teacher(models):
    teacher, student = models
    few, many = (model.sample(2000, [[0.0], [1.0]], rng=1) for model in models)
    np.testing.assert_allclose(few.mean(0), many.mean(0), atol=0.1)
    np.testing.assert_allclose(few.std(0), many.std(0), atol=0.08)
    assert student.n_evaluations == 4 < teacher.n_evaluations


def test_a_saved_student_needs_no_teacher(models, tmp_path):
    _, student = models
    loaded = densities.load(densities.save(student, tmp_path / "student.safetensors"))
    np.testing.assert_array_equal(loaded.sample(5, [1.0]), student.sample(5, [1.0]))


def test_what_a_student_cannot_do_is_refused(models):
    teacher, student = models
    with pytest.raises(NotImplementedError, match="no log_prob"):
        student.log_prob(student.sample(2, [0.0]), [0.0])
    with pytest.raises(ValueError, match="condition"):
        distill_to_few_steps(teacher)
    with pytest.raises(RuntimeError, match="fit"):
        distill_to_few_steps(FlowMatching())
