"""Arrays come back as they were written, and errors say what to do."""

import os

import numpy as np
import pytest

from data_fetch import files


def test_arrays_survive(tmp_path):
    arrays = {"a": np.arange(5), "b": np.eye(2)}
    files.write_arrays(tmp_path / "x.npz", arrays)
    back = files.read_arrays(tmp_path / "x.npz")
    assert back.keys() == arrays.keys()
    np.testing.assert_array_equal(back["b"], arrays["b"])


def test_a_truncated_file_is_named(tmp_path):
    path = tmp_path / "x.npz"
    files.write_arrays(path, {"a": np.random.default_rng(0).random(1000)})
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(ValueError, match=r"x\.npz is damaged.*make it again"):
        files.read_arrays(path)


def test_pickles_are_refused(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, a=np.array([{"evil": 1}], dtype=object))
    with pytest.raises(ValueError, match="damaged or of another kind"):
        files.read_arrays(path)


def test_data_folder_moves_with_the_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("HEPML_DATA", str(tmp_path))
    assert files.data_folder() == tmp_path
    monkeypatch.delenv("HEPML_DATA")
    assert files.data_folder().name == "hepml_lite"
