"""Tests of one group run in one worker: what is costly is made once, ports are not shared."""

import os

import pytest

pytestmark = pytest.mark.xdist_group("groups")


@pytest.mark.parametrize("number", range(4))
def test_a_group_stays_in_one_worker(number, tmp_path_factory):
    folder = tmp_path_factory.getbasetemp().parent / "workers_of_a_group"
    folder.mkdir(exist_ok=True)
    (folder / os.environ.get("PYTEST_XDIST_WORKER", "alone")).touch()
    assert len(list(folder.iterdir())) == 1
