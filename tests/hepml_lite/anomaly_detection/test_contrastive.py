"""Contrastive methods: the losses term by term, what each augmentation keeps, and the kernels."""

import math

import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import rbf_kernel

from data_fetch import load
from hepml_lite.anomaly_detection.contrastive import AnomalyCLR, DarkCLR
from hepml_lite.anomaly_detection.contrastive import event_augmentations as change
from hepml_lite.anomaly_detection.contrastive.anomaly_clr import object_features
from hepml_lite.anomaly_detection.contrastive.loss import anomaly_clr_loss, anomaly_clr_plus_loss
from hepml_lite.anomaly_detection.contrastive.semivisible import semivisible
from hepml_lite.anomaly_detection.kernels import (
    OneClassKernel,
    QuantumKernel,
    gaussian_kernel,
    product_kernel,
)
from hepml_lite.anomaly_detection.kernels.quantum_kernel import mean_overlap, rotated_y
from hepml_lite.anomaly_detection.outliers import Autoencoder, Chains
from hepml_lite.densities import TrainingPlan
from hepml_lite.self_supervised.contrastive import nt_xent

EVERY = [*change.PHYSICAL, *change.ANOMALOUS]
BRIEF = TrainingPlan(epochs=1, patience=None, progress=False, device="cpu")


@pytest.fixture(scope="module")
def background():
    return load("trigger_objects", "smoke", split="train").of_class("background")[:600]


@pytest.fixture(scope="module")
def jets():
    return load("top_tagging", "smoke", split="val")[:300]


@pytest.fixture
def events(background):
    return torch.tensor(background.objects).double()


@pytest.fixture
def generator():
    return torch.Generator().manual_seed(5)


def test_the_loss_of_two_events_term_by_term():
    z = torch.tensor([[2.0, 0.0], [0.0, 3.0]])  # on the circle at 0 and 90 degrees
    view = torch.tensor([[1.0, 1.0], [0.0, 1.0]])  # at 45 and 90
    strange = torch.tensor([[-1.0, 0.0], [1.0, 0.0]])  # at 180 and 0
    half = math.sqrt(0.5)
    attraction = (half + 1.0) / 2
    repulsion = (-1.0 + 0.0) / 2
    temperature = 0.5
    plus = (repulsion - attraction) / temperature
    found = anomaly_clr_plus_loss(z, view, strange, temperature)
    assert float(found) == pytest.approx(plus, rel=1e-6)

    cosines = {"z0": [0.0, 0.0], "z1": [0.0, half], "v0": [half, half], "v1": [0.0, half]}
    crowding = [math.log(sum(math.exp(c / temperature) for c in row)) for row in cosines.values()]
    found = anomaly_clr_loss(z, view, strange, temperature)
    assert float(found) == pytest.approx(plus + sum(crowding) / 4, rel=1e-6)


def test_without_strange_views_the_loss_is_the_contrastive_one_without_the_partner_below():
    torch.manual_seed(0)
    z, view = torch.randn(2, 50, 8)
    away = torch.zeros(50, 8)  # of no direction: s(z, z*) = 0
    ours = float(anomaly_clr_loss(z, view, away, 1.0))
    assert ours < float(nt_xent(z, view, 1.0))  # whose sum has one term more
    assert ours == pytest.approx(float(nt_xent(z, view, 1.0)), abs=0.05)


@pytest.mark.parametrize("loss", [anomaly_clr_loss, anomaly_clr_plus_loss])
def test_wrong_views_are_named(loss):
    with pytest.raises(ValueError, match="2 or more"):
        loss(torch.ones(1, 3), torch.ones(1, 3), torch.ones(1, 3))
    with pytest.raises(ValueError, match="temperature is 0"):
        loss(torch.ones(2, 3), torch.ones(2, 3), torch.ones(2, 3), 0)


@pytest.mark.parametrize("step", EVERY, ids=lambda step: step.__name__)
def test_augmented_events_are_events(background, events, generator, step):
    before = events.clone()
    after = step(events, generator)
    torch.testing.assert_close(events, before)
    type(background)(after.numpy(), processes=())  # the container checks angles and momenta
    assert (after[after[..., 0] == 0] == 0).all()
    assert not torch.equal(after, before)


def test_a_rotation_keeps_all_but_the_direction(events, generator):
    after = change.rotate(events, generator)
    torch.testing.assert_close(after[..., :2], events[..., :2])
    one = change.momentum_sum(events).norm(dim=1)
    torch.testing.assert_close(change.momentum_sum(after).norm(dim=1), one)


def test_new_objects_recoil_against_the_missing_momentum(events, generator):
    after = change.add_objects(events, generator)
    old = events[:, 1:, 0]
    real = old > 0
    torch.testing.assert_close(after[:, 1:, 0][real], old[real])
    torch.testing.assert_close(change.momentum_sum(after), change.momentum_sum(events))
    n_new = (after[..., 0] > 0).sum(1) - (events[..., 0] > 0).sum(1)
    assert (n_new >= -1).all()  # the missing momentum can only vanish by chance
    assert n_new.double().mean() > 3


def test_split_objects_keep_momentum_and_add_objects(events, generator):
    after = change.split_objects(events, generator)
    torch.testing.assert_close(after[:, 0], events[:, 0])
    for places in change.PLACES.values():
        sums = after[:, places, 0].sum(1)
        torch.testing.assert_close(sums, events[:, places, 0].sum(1))
    torch.testing.assert_close(change.momentum_sum(after), change.momentum_sum(events))
    assert ((after[..., 0] > 0).sum(1) >= (events[..., 0] > 0).sum(1)).all()
    assert ((after[..., 0] > 0).sum() > (events[..., 0] > 0).sum()).all()


def test_shifts_multiply_momenta_within_their_range(events, generator):
    after = change.shift_momenta(events, generator)
    torch.testing.assert_close(after[..., 1:], events[..., 1:])
    real = events[..., 0] > 0
    factor = after[..., 0][real] / events[..., 0][real]
    assert factor.min() >= 0.5
    assert factor.max() <= 5


def test_features_do_not_see_empty_places(events):
    features, mask = object_features(events)
    assert (features[~mask] == 0).all()
    assert features[..., 4:].sum() == mask.sum()  # one kind for each real object
    assert features[..., :2].abs().mean() < 2


def test_anomaly_clr_trains_scores_and_repeats(background):
    def trained(seed):
        detector = Autoencoder(n_latent=2, hidden=(8,), plan=BRIEF)
        return AnomalyCLR(plan=BRIEF, detector=detector).fit(background, rng=seed)

    model = trained(0)
    scores = model.score(background)
    assert scores.shape == (600,)
    np.testing.assert_array_equal(scores, trained(0).score(background))
    turned = model.augmented_score(background, change.rotate)
    shifted = model.augmented_score(background, change.shift_momenta)
    assert np.median(np.abs(turned - scores)) < np.median(np.abs(shifted - scores))
    with pytest.raises(ValueError, match=r"AnomCLR\+"):
        AnomalyCLR(loss_name="SimCLR")
    with pytest.raises(RuntimeError, match="call fit"):
        AnomalyCLR().score(background)


def test_dark_clr_trains_scores_and_repeats(jets):
    def trained():
        model = DarkCLR(n_particles=20, plan=BRIEF)
        model.detector.plan = BRIEF
        model.detector.normalising = BRIEF
        model.detector.chains = Chains(memory=50)
        return model.fit(jets)

    model = trained()
    points = model.represent(jets)
    np.testing.assert_allclose((points**2).sum(1), 1, rtol=1e-5)
    np.testing.assert_array_equal(model.score(jets), trained().score(jets))


def test_semivisible_jets_lose_particles_and_keep_their_momentum(jets):
    dark = semivisible(jets, 0.4, rng=1)
    np.testing.assert_allclose(dark.pt, jets.pt, rtol=1e-4)
    assert (dark.n_constituents <= jets.n_constituents).all()
    assert 0.3 < 1 - dark.n_constituents.sum() / jets.n_constituents.sum() < 0.45
    np.testing.assert_array_equal(semivisible(jets, 0.0).n_constituents, jets.n_constituents)
    lost = semivisible(jets, 0.4, cell=3.0)  # one cell or few: most jets are whole
    assert (lost.n_constituents == jets.n_constituents).mean() > 0.4


@pytest.fixture
def angles():
    return np.random.default_rng(2).normal(size=(30, 4))


def test_without_entanglement_the_quantum_kernel_is_a_product(angles):
    kernel = QuantumKernel(n_layers=1)(angles, angles[:7])
    np.testing.assert_allclose(kernel, product_kernel(angles, angles[:7]), atol=1e-14)
    twice = QuantumKernel(n_layers=2, entangled=False)(angles, angles)
    np.testing.assert_allclose(twice, product_kernel(2 * angles, 2 * angles), atol=1e-14)


def test_one_qubit_and_two_entangled_qubits_in_closed_form():
    state = rotated_y(np.array([[1.0, 0.0]]), np.array([[0.8]]))
    np.testing.assert_allclose(state, [[np.cos(0.4), np.sin(0.4)]])
    # R_y(π) on both, CZ, R_y(π) on both: |00> → |11> → -|11> → -|00>
    found = QuantumKernel().states([[np.pi, np.pi]])
    np.testing.assert_allclose(found, [[-1, 0, 0, 0]], atol=1e-15)
    assert QuantumKernel(entangled=False).states([[np.pi, np.pi]])[0, 0] == pytest.approx(1)


def test_the_quantum_kernel_is_a_kernel(angles):
    kernel = QuantumKernel(n_layers=3)
    matrix = kernel(angles, angles)
    np.testing.assert_allclose(np.diag(matrix), 1)
    assert np.linalg.eigvalsh(matrix).min() > -1e-12
    assert not np.allclose(matrix, QuantumKernel(n_layers=3, entangled=False)(angles, angles))
    with pytest.raises(ValueError, match="13 features, one for each qubit"):
        kernel.states(np.zeros((1, 13)))


def test_for_small_angles_the_twin_is_gaussian(angles):
    small = 0.1 * angles
    np.testing.assert_allclose(
        product_kernel(small, small), gaussian_kernel(small, small), atol=1e-3
    )
    np.testing.assert_allclose(gaussian_kernel(angles, angles), rbf_kernel(angles, gamma=0.25))


def test_overlaps_fall_with_the_number_of_qubits():
    for n_qubits in (1, 3, 6):
        plain = mean_overlap(QuantumKernel(n_layers=1), n_qubits, 20_000)
        assert plain == pytest.approx(2.0**-n_qubits, rel=0.1)


def test_a_one_class_machine_finds_rows_outside(angles):
    background = np.random.default_rng(0).normal(size=(400, 3))
    model = OneClassKernel(kernel=QuantumKernel(n_layers=1)).fit(background)
    scores = model.score(background)
    assert (scores > 0).mean() == pytest.approx(0.1, abs=0.03)
    assert model.score([[2.5, -2.5, 2.5]])[0] > np.quantile(scores, 0.95)
    assert len(model.score(np.zeros((0, 3)))) == 0
    with pytest.raises(RuntimeError, match="call fit"):
        OneClassKernel().score(background)
