"""Two toys of detectors: their exact laws, and networks that approach what is possible."""

import numpy as np
import pytest

from hepml_lite.exact import DisplacedDecays, TpcPatches
from hepml_lite.statistics.metrics import auc
from hepml_lite.trigger import graph_autoencoder, tpc_filter


def test_the_log_ratio_of_patches_is_a_density_ratio():
    """The mean of the ratio over the noise class is one, and no score has a larger AUC."""
    model = TpcPatches(noise=2.5)
    patches, label = model.sample(6000, 1)
    ratio = np.exp(model.log_ratio(patches))
    noise = ratio[label == 0]
    assert noise.mean() == pytest.approx(1, abs=4 * noise.std() / np.sqrt(len(noise)))
    best = auc(label, model.log_ratio(patches))
    for score in tpc_filter.tpc_floors(patches).values():
        assert auc(label, score) < best


def test_both_classes_of_patches_have_the_same_charges():
    model = TpcPatches()
    for shapes in (model.tracks, model.spikes):
        np.testing.assert_allclose(np.unique(shapes.sum(axis=1).round(6)), [8, 12, 18])


def test_the_filter_learns_the_shape_and_is_whole():
    model = TpcPatches()
    patches, label = model.sample(4000, 2)
    network = tpc_filter.train_tpc_filter(patches, label, epochs=8, seed=1)
    test, truth = model.sample(3000, 3)
    area = auc(truth, tpc_filter.filter_score(network, test))
    assert area > auc(truth, tpc_filter.tpc_floors(test)["charge"]) + 0.2
    assert (
        auc(truth, model.log_ratio(test)) - 0.1 < area <= auc(truth, model.log_ratio(test)) + 0.01
    )


def test_decays_follow_their_law():
    model = DisplacedDecays(decay_length=2.0, efficiency=1.0)
    events = model.sample(20_000, displaced=True, rng=1)
    for radius in (1.0, 3.0):
        share = np.mean(events.flight < radius)
        assert share == pytest.approx(1 - np.exp(-radius / 2), abs=0.015)
    inner = ((events.hits[..., 0] == 1) & events.present).sum(axis=1)
    np.testing.assert_array_equal(inner, np.where(events.flight <= 1, 3, 1))


def test_prompt_tracks_are_straight_lines_from_the_origin():
    events = DisplacedDecays(efficiency=1.0, opening=0.5).sample(200, displaced=False, rng=2)
    azimuth = events.hits[:, :, 1].reshape(200, 3, 6)
    assert events.present.all()
    assert azimuth.std(axis=2).max() < 5 * 0.003


def test_the_graph_autoencoder_finds_what_it_was_never_shown():
    model = DisplacedDecays()
    ordinary = model.sample(3000, displaced=False, rng=3)
    network = graph_autoencoder.train_graph_autoencoder(*ordinary[:2], seed=1)
    prompt = model.sample(1000, displaced=False, rng=4)
    displaced = model.sample(1000, displaced=True, rng=5)
    scores = [graph_autoencoder.graph_score(network, *one[:2]) for one in (prompt, displaced)]
    assert auc(np.repeat([0, 1], 1000), np.concatenate(scores)) > 0.7


def test_the_order_of_hits_does_not_matter():
    model = DisplacedDecays()
    events = model.sample(50, displaced=True, rng=6)
    network = graph_autoencoder.train_graph_autoencoder(*events[:2], epochs=1)
    order = np.random.default_rng(7).permutation(events.hits.shape[1])
    one = graph_autoencoder.graph_score(network, *events[:2])
    two = graph_autoencoder.graph_score(network, events.hits[:, order], events.present[:, order])
    np.testing.assert_allclose(one, two, rtol=1e-4)
