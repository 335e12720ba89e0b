"""The stored table of methods: what is asked of it holds, and its errors do not shrink too far."""

import numpy as np
import pandas as pd
import pytest

from hepml_lite.generation.events import methods, results


def test_the_flow_in_shares_reaches_what_is_asked():
    """A judge at .55 or below, and a likelihood within .02 of the entropy, in three trainings."""
    table = results.read()
    assert set(results.COLUMNS) == set(table.columns)
    flow = table[(table["method"] == "flow") & (table["coordinates"] == "3 shares")]
    assert len(flow) >= 3
    assert (flow["auc"] - flow["auc_error"]).max() <= 0.55
    assert flow["gap"].abs().max() <= 0.02
    assert (table["gap"].dropna() <= 3 * table["gap_error"].dropna()).all(), "none beats the truth"


def test_trainings_share_the_error_of_the_test_sample():
    rows = [("flow", "3 shares", seed, 0.52, 0.005, -0.01, 0.001, 9) for seed in range(100)]
    shown = results.summary(pd.DataFrame(rows, columns=list(results.COLUMNS))).iloc[0]
    assert shown["AUC of the judge"] == "0.520 ± 0.005"
    assert shown["trainings"] == 100
    rows[0] = ("flow", "3 shares", 0, 0.52, 0.005, np.nan, np.nan, 9)
    shown = results.summary(pd.DataFrame(rows, columns=list(results.COLUMNS))).iloc[0]
    assert shown["mean log q/p"] == "no density"


def test_unknown_methods_and_coordinates_are_named():
    with pytest.raises(ValueError, match="flow matching"):
        methods.make("normalising flow", "3 shares")
    with pytest.raises(ValueError, match="4 momenta"):
        methods.make("flow", "angles")
