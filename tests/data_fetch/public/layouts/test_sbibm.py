"""Reference posteriors of sbibm, from files in their layout."""

import numpy as np
import pandas as pd
import pytest

from data_fetch.public.layouts import sbibm
from hepml_lite.exact.posterior_tasks import TASKS

# observation 1 of two_moons, as in the repository of sbibm
OBSERVATION = [-0.6396706, 0.16234657]
TRUTH = [-0.8176656, -0.5756806]


@pytest.fixture
def unpacked(tmp_path):
    """An archive with one observation, whose posterior draws are those of our own task."""
    place = tmp_path / "sbibm-1a45/sbibm/tasks/two_moons/files/num_observation_1"
    place.mkdir(parents=True)
    draws = TASKS["two_moons"].posterior(np.array(OBSERVATION), 500, rng=0)
    tables = {
        "observation.csv": ("data", [OBSERVATION]),
        "true_parameters.csv": ("parameter", [TRUTH]),
        "reference_posterior_samples.csv.bz2": ("parameter", draws),
    }
    for name, (prefix, rows) in tables.items():
        columns = [f"{prefix}_1", f"{prefix}_2"]
        pd.DataFrame(rows, columns=columns).to_csv(place / name, index=False)
    return tmp_path


def test_an_observation_with_its_reference(unpacked):
    found = sbibm.reference(unpacked, "two_moons", 1)
    assert found.observation == pytest.approx(OBSERVATION)
    assert found.truth == pytest.approx(TRUTH)
    assert found.draws.shape == (500, 2)


def test_our_task_is_that_of_sbibm(unpacked):
    """Its published truth is likely at its published observation: the crescent has radius 0.1."""
    found = sbibm.reference(unpacked, "two_moons", 1)
    task = TASKS["two_moons"]
    at_truth = task.log_likelihood(found.truth, found.observation[None])[0]
    others = task.prior.sample(2000, 0)
    elsewhere = task.log_likelihood(others, found.observation[None])
    assert np.isfinite(at_truth)
    assert np.mean(elsewhere >= at_truth) < 0.02


def test_slices_of_a_table(unpacked):
    path = next(unpacked.glob("**/reference_posterior_samples.csv.bz2"))
    assert sbibm.count(path) == 500
    rows = sbibm.read(path, 10, 13)
    assert rows.quantities == ("parameter_1", "parameter_2")
    assert rows.values == pytest.approx(sbibm.reference(unpacked, "two_moons", 1).draws[10:13])


def test_what_is_no_reference_is_refused(unpacked, tmp_path):
    with pytest.raises(FileNotFoundError, match="num_observation_11"):
        sbibm.reference(unpacked, "two_moons", 11)
    other = tmp_path / "x.csv"
    other.write_text("mass,pt\n1,2\n")
    with pytest.raises(ValueError, match="mass"):
        sbibm.read(other)
    other.write_text("data_1,data_2\n1,\n")
    with pytest.raises(ValueError, match="empty entries"):
        sbibm.count(other)
