import json
from pathlib import Path

import numpy as np
import pytest

from hepml_lite.unfolding import svd

STORED = Path(__file__).parent / "reference" / "root_svd.json"


@pytest.mark.parametrize("errors", [0, 1], ids=["poisson", "common-normalisation"])
@pytest.mark.parametrize("rank", [0, 1], ids=["k3", "k7"])
def test_svd_agrees_with_tsvdunfold_of_root(errors, rank):
    stored = json.loads(STORED.read_text("utf8"))
    problem = stored["problems"][errors]
    theirs = problem["results"][rank]
    ours = svd(
        stored["data"], problem["covariance"], stored["counts"], stored["truth"], theirs["k"]
    )
    np.testing.assert_allclose(ours.unfolded, theirs["unfolded"], rtol=1e-9)
    np.testing.assert_allclose(ours.errors, np.sqrt(np.diag(theirs["covariance"])), rtol=1e-9)
    np.testing.assert_allclose(
        ours.covariance, theirs["covariance"], rtol=1e-7, atol=1e-9 * ours.covariance.max()
    )
    np.testing.assert_allclose(np.abs(ours.d), np.abs(theirs["d"]), rtol=1e-6)
    np.testing.assert_allclose(ours.singular_values, theirs["singular_values"], rtol=1e-6)
