"""energyflow works beside numpy 2, which its compiled `wasserstein` must be built for."""

import numpy as np
import pytest

energyflow = pytest.importorskip("energyflow", reason="run `make energyflow`")


def test_energy_movers_distance_of_two_particles_is_their_angle():
    one, other = (np.array([[1.0, 0.0, phi]]) for phi in (0.0, 0.3))  # pT, y, phi
    assert energyflow.emd.emd(one, other, R=0.8) == pytest.approx(0.3 / 0.8)
    distances = energyflow.emd.emds([one, other, one], R=0.8, verbose=0)
    np.testing.assert_allclose(distances[0], [0, 0.375, 0], atol=1e-6)
