"""Published rows can be found, carry a source, and are ordered as the paper says."""

import pytest

from hepml_lite.tagging import published


def test_every_row_has_a_source_and_sane_numbers():
    for row in (*published.TOP_TAGGING_LANDSCAPE, *published.TOP_TAGGING_LATER):
        assert "arXiv:" in row.source
        assert 0.85 < (row.accuracy or 0.9) < row.auc < 1, row.name
        assert row.rejection.value > 100


def test_rows_are_found_by_name():
    assert f"{published.top_tagger('ParticleNet').rejection:g}" == "1298 ± 46"
    assert f"{published.top_tagger('EFP').rejection:g}" == "384"
    assert published.top_tagger("PFN").parameters == 82_000
    with pytest.raises(ValueError, match=r"no published row 'XYZ'.*ParticleNet"):
        published.top_tagger("XYZ")
