"""Styled tables: numbers stay numbers, and read as a paper prints them."""

import numpy as np
import pandas as pd
import pytest

from hepml_lite.plotting import styled


def test_values_and_errors_share_a_cell():
    frame = pd.DataFrame(
        {
            "jets": [12345, 7],
            "AUC": [0.98123, 0.5],
            "AUC low": [0.98023, np.nan],
            "AUC high": [0.98223, np.nan],
            "rejection": [1000.0, np.inf],
            "rejection low": [900.0, 200.0],
            "rejection high": [1300.0, np.inf],
            "mass [GeV]": [172.512, np.nan],
        }
    )
    before = frame.copy()
    shown = styled(frame, formats={"mass [GeV]": "{:.1f}"}).data
    assert list(shown) == ["jets", "AUC", "rejection", "mass [GeV]"]
    assert shown["jets"].tolist() == ["12,345", "7"]
    assert shown["AUC"].tolist() == ["0.9812 ± 0.0010", "0.5"]
    assert shown["rejection"].tolist() == ["1000 +300 −100", "> 200"]
    assert shown["mass [GeV]"].tolist() == ["172.5", ""]
    pd.testing.assert_frame_equal(frame, before)


def test_published_numbers_keep_their_digits():
    frame = pd.DataFrame({"x": [151.0, 384.0], "x low": [150.6, np.nan], "x high": [151.4, np.nan]})
    assert styled(frame, as_printed=["x"]).data["x"].tolist() == ["151 ± 0.4", "384"]


def test_unknown_columns_are_named():
    with pytest.raises(ValueError, match=r"no columns \['y'\]"):
        styled(pd.DataFrame({"x": [1]}), formats={"y": "{}"})
