"""Muon pairs of CMS Open Data: the header and the first event of the published file."""

import numpy as np
import pytest

from data_fetch.public import counterparts, layouts, registry

HEADER = "Run,Event,pt1,eta1,phi1,Q1,dxy1,iso1,pt2,eta2,phi2,Q2,dxy2,iso2"
FIRST = (
    "165617,74969122,54.7055,-0.4324,2.5742,1,-0.0745,0.4999,"
    "34.2464,-0.9885,-0.4987,-1,0.0712,3.4221"
)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "Zmumu.csv"
    path.write_text("\n".join([HEADER, *[FIRST] * 3, ""]))
    return path


def test_the_first_event_is_a_z_boson(file):
    events = layouts.read("cms_dimuon", file)
    massless = 2 * 54.7055 * 34.2464 * (np.cosh(-0.4324 + 0.9885) - np.cos(2.5742 + 0.4987))
    assert events["mass"][0] == pytest.approx(np.sqrt(massless), rel=1e-4)
    assert events["mass"][0] == pytest.approx(89.9, abs=0.1)
    assert events["charge_1"][0] == -events["charge_2"][0] == 1


def test_some_rows(file):
    assert layouts.count("cms_dimuon", file) == 3
    assert len(layouts.read("cms_dimuon", file, 1, 2)) == 1


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", f"{HEADER}\n{FIRST.replace('54.7055', 'x')}\n"])
def test_another_file(tmp_path, text):
    path = tmp_path / "Zmumu.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"Zmumu\.csv is no table of muon pairs"):
        layouts.read("cms_dimuon", path)


def test_a_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match="fetch it again"):
        layouts.read("cms_dimuon", tmp_path / "Zmumu.csv")


def test_it_is_loaded_by_name(file, monkeypatch):
    monkeypatch.setattr(registry, "fetch", lambda *_: [file])
    assert len(counterparts.load("cms_dimuon")) == 3
