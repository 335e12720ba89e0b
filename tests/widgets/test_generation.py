"""The dashboard of generation without a browser."""

import re
import time

import numpy as np
import pytest

from tests.widgets.conftest import plain
from widgets.generation import figures, ranking
from widgets.generation.dashboard import Generation, voxel_places
from widgets.generation.stored import (
    DISTORTIONS,
    ENERGIES,
    METRIC_NAMES,
    N_TIMES,
    STORED,
    stored_frames,
)


def test_a_shower_grows_out_of_noise():
    noise = Generation(time=0, energy=ENERGIES[-1])._outputs
    data = Generation(time=N_TIMES - 1, energy=ENERGIES[-1])._outputs
    true = np.array(data["true_profile"]["y"])
    away = [np.abs(np.array(one["profile"]["y"]) - true).sum() for one in (noise, data)]
    assert away[1] < 0.2 * away[0]
    assert true.sum() == pytest.approx(98.6, abs=1.5)  # per cent of the energy
    soft = Generation(energy=ENERGIES[0])._outputs["true_profile"]["y"]
    assert np.argmax(true) > np.argmax(soft)


def test_the_peak_needs_the_right_coordinates():
    peaks = {}
    for coordinates in ("4 momenta", "3 shares"):
        line = plain(Generation(coordinates=coordinates)._outputs["line"])
        peaks[coordinates] = float(re.search(r"the peak holds ([\d.]+)", line).group(1))
    assert peaks["3 shares"] == pytest.approx(1, abs=0.06)
    assert peaks["4 momenta"] < peaks["3 shares"]


def test_turning_moves_no_voxel():
    places = voxel_places()
    assert places.shape == (960, 3)
    logs = np.where(np.arange(960) % 2 == 0, 1.0, -1.0)
    one = figures.shower_columns(logs, places, 0)
    other = figures.shower_columns(logs, places, 60)
    assert len(one["x"]) == len(other["x"]) == 480
    lengths = [np.square(figures.projected(places, turn)[:, [0, 2]]).sum(1) for turn in (0, 60)]
    assert lengths[0] == pytest.approx(lengths[1])


def test_more_steps_are_better_until_the_network_is_the_limit():
    stored = stored_frames()
    assert stored.auc[1, 0] > stored.auc[1, -1]
    assert (np.diff(stored.milliseconds[1]) > 0).all()
    assert stored.one_step[2] < stored.milliseconds[1, -1] / 10


def test_copies_are_seen_by_the_test_of_memory_only():
    line = plain(Generation(distortion="copies", strength=5)._outputs["line"])
    assert "closer" in line.split("seen by")[1].split("not by")[0]
    row = list(DISTORTIONS).index("copies")
    seen = stored_frames().significances[row, -1]
    assert seen[METRIC_NAMES.index("closer")] > 10
    assert abs(seen[METRIC_NAMES.index("W1")]) < 4


def test_histograms_do_not_see_a_lost_correlation():
    row = list(DISTORTIONS).index("lost correlation")
    seen = stored_frames().significances[row, -1]
    assert seen[METRIC_NAMES.index("AUC")] > 5
    assert abs(seen[METRIC_NAMES.index("W1")]) < 5


def test_a_resampler_is_worth_its_training_events():
    line = plain(Generation(generator="resampler", generated=30_000)._outputs["line"])
    found = re.search(r"are worth ([\d.]+) ± ([\d.]+)", line)
    assert float(found.group(1)) == pytest.approx(1, abs=0.1)


def test_a_move_is_fast_and_the_file_small():
    dashboard = Generation()
    start = time.process_time()
    for number in range(10):
        dashboard.time = number
    assert (time.process_time() - start) / 10 < 0.1
    assert STORED.stat().st_size < 1.5e6


@pytest.mark.parametrize("part", ranking.PARTS)
@pytest.mark.parametrize("metric", ranking.METRICS)
def test_generators_stand_in_the_order_of_the_metric(part, metric):
    rows = ranking.ranked(part, metric)
    badness = [ranking.METRICS[metric].badness(row.means[metric]) for row in rows]
    assert badness == sorted(badness)
    assert ranking.TRUTH not in [row.method for row in rows]
    assert rows[0] in ranking.leaders(rows, metric)
    shown = Generation(models=part, ranked_by=metric)._outputs["models"]
    names = re.findall(r'<th scope="row">(.*?)</th>', shown)
    assert names == [ranking.NAMES[row.method] for row in rows]


def test_a_metric_that_rewards_memory_is_called_so():
    assert "rewards memory" in ranking.line("voxels", "coverage")
    assert "rewards memory" not in ranking.line("layers and moments", "judge's AUC")
    assert "cannot be told apart" in ranking.line("voxels", "copies")
    assert "number 7 of 8" in ranking.line("voxels", "precision")
