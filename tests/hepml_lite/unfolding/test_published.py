"""An unbinned result that was written and read gives the same numbers, and damage is noticed."""

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from hepml_lite.unfolding import PublishedResult, Replica, ReweightedEvents, load_published
from hepml_lite.unfolding.published import FORMAT

N = 500
EDGES = np.linspace(0, 3, 7)


def result(n_replicas=8):
    rng = np.random.default_rng(1)
    truth = rng.exponential(size=(N, 2))
    weights = rng.uniform(0.5, 2, N)
    replicas = []
    for _ in range(n_replicas):
        replicas.append(Replica(weights * rng.poisson(1, N), rng.normal(900, 30)))
    events = ReweightedEvents(weights, np.array([np.ones(N), weights]), 900.0, tuple(replicas))
    return PublishedResult(truth, ("mass", "pt"), events, "jets beside a Z, GeV")


def new_observable(published):
    """Nobody thought of it when the file was written."""
    return published.column("mass") / (0.1 + published.column("pt"))


def test_a_new_observable_of_the_file_equals_the_direct_one(tmp_path):
    direct = result()
    read = load_published(direct.save(tmp_path / "result.safetensors"))
    ours = direct.events.histogram(direct.truth[:, 0] / (0.1 + direct.truth[:, 1]), EDGES)
    np.testing.assert_array_equal(read.histogram(new_observable(read), EDGES), ours)
    covariance = direct.covariance(new_observable(direct), EDGES)
    np.testing.assert_array_equal(read.covariance(new_observable(read), EDGES), covariance)
    assert covariance.shape == (6, 6)
    assert np.linalg.eigvalsh(covariance).min() > -1e-9
    assert (read.quantities, read.description) == (direct.quantities, direct.description)


def test_a_result_without_replicas_has_a_histogram_and_no_covariance(tmp_path):
    read = load_published(result(0).save(tmp_path / "result.safetensors"))
    assert read.histogram("mass", [0, 100]) == pytest.approx([900])
    with pytest.raises(ValueError, match="0 replicas"):
        read.covariance("mass", EDGES)


def changed(path, change):
    """The file with other arrays, or with other texts."""
    arrays = load_file(path)
    texts = {"format": FORMAT, "quantities": '["mass", "pt"]', "description": ""}
    change(arrays, texts)
    save_file(arrays, path, texts)


def with_nan(arrays, texts):
    arrays["weights"][3] = np.nan


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda arrays, texts: arrays.pop("weights"), "incomplete: weights is missing"),
        (lambda arrays, texts: texts.pop("quantities"), "incomplete: quantities is missing"),
        (lambda arrays, texts: texts.update(format="other"), "holds no unbinned unfolding"),
        (lambda arrays, texts: arrays.update(truth=np.ones((N, 3))), r"truth has shape \(500, 3\)"),
        (lambda arrays, texts: arrays.update(replica_n_true=np.ones(3)), "8 replicas and 3"),
        (lambda arrays, texts: arrays.update(replica_weights=np.ones((8, 9))), "of replica 0"),
        (with_nan, "weights or the number of events of the result are NaN"),
    ],
)  # fmt: skip
def test_an_incomplete_file_is_refused(tmp_path, change, message):
    path = result().save(tmp_path / "result.safetensors")
    changed(path, change)
    with pytest.raises(ValueError, match=message):
        load_published(path)


def test_a_truncated_file_is_refused(tmp_path):
    path = result().save(tmp_path / "result.safetensors")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(ValueError, match="cannot be read"):
        load_published(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="is not there"):
        load_published(tmp_path / "result.safetensors")
