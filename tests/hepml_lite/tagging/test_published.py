"""Published rows can be found, carry a source, and are the numbers as printed in the papers."""

import csv
from pathlib import Path

import pytest

from hepml_lite.tagging import published

PRINTED = Path(__file__).with_name("published_as_printed.csv")


def test_every_row_has_a_source_and_sane_numbers():
    for row in (*published.TOP_TAGGING_LANDSCAPE, *published.TOP_TAGGING_LATER):
        assert "arXiv:" in row.source
        assert 0.85 < (row.accuracy or 0.9) < (row.auc or 0.98) < 1, row.name
        assert row.rejection.value > 100


def test_rows_are_found_by_name():
    assert f"{published.top_tagger('ParticleNet').rejection:g}" == "1298 ± 46"
    assert f"{published.top_tagger('EFP').rejection:g}" == "384"
    assert published.top_tagger("PFN").parameters == 82_000
    with pytest.raises(ValueError, match=r"no published row 'XYZ'.*ParticleNet"):
        published.top_tagger("XYZ")


def number(text, kind=float):
    return kind(text) if text else None


def test_rows_are_the_numbers_as_printed():
    """Typed a second time, from a transcript of the papers; the file says how sure each is."""
    with PRINTED.open(encoding="utf8") as file:
        printed = list(csv.DictReader(line for line in file if line[0] != "#"))
    rows = [*published.TOP_TAGGING_LANDSCAPE, *published.TOP_TAGGING_LATER]
    assert [row.name for row in rows] == [line["name"] for line in printed]
    for row, line in zip(rows, printed, strict=True):
        expected = (number(line["auc"]), number(line["accuracy"]), number(line["parameters"], int))
        assert (row.auc, row.accuracy, row.parameters) == expected, row.name
        rejection = (number(line["rejection"]), number(line["error"]) or 0.0)
        assert (row.rejection.value, row.rejection.error) == pytest.approx(rejection), row.name
        assert line["arxiv"] in row.source, row.name
