"""CMS level-1 files: hardware integers become GeV and radians, saturated rows are left out."""

import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import cms_l1_anomaly

arrow = pytest.importorskip("pyarrow", reason="pyarrow is missing: pip install pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

MOST = {"egamma": 12, "muons": 8, "jets": 12}


def table(n=30, seed=1):
    """Rows as published: lists of whole numbers, and lists of one for the sums."""
    rng = np.random.default_rng(seed)
    columns = {"MET_Et": rng.integers(0, 200, (n, 1)).tolist()}
    columns["MET_phi"] = rng.integers(0, 144, (n, 1)).tolist()
    for kind, most in MOST.items():
        energy, eta, phi = cms_l1_anomaly.COLUMNS[kind][:3]
        number = rng.integers(0, most + 1, n)
        columns[energy] = [rng.integers(1, 255, k).tolist() for k in number]
        columns[eta] = [
            rng.integers(-200 if kind == "muons" else -60, 60, k).tolist() for k in number
        ]
        columns[phi] = [
            rng.integers(0, 576 if kind == "muons" else 144, k).tolist() for k in number
        ]
    for kind in ("egamma", "jets"):  # in falling transverse energy, as published
        energy = cms_l1_anomaly.COLUMNS[kind].energy
        columns[energy] = [sorted(one, reverse=True) for one in columns[energy]]
    columns["ET_Et"] = rng.integers(0, 4000, (n, 1)).tolist()  # columns that the course leaves out
    columns["CICADAScore"] = rng.uniform(0, 256, (n, 1)).tolist()
    columns["L1bit"] = rng.random(n) < 0.1
    columns["label"] = np.resize([0, -1, 5], n)
    columns["order"] = np.where(np.arange(n) % 7 == 3, -1, np.arange(n))
    return columns


def write(path, columns):
    parquet.write_table(arrow.table(columns), path, row_group_size=8)
    return path


@pytest.fixture
def stored(tmp_path):
    columns = table()
    return columns, write(tmp_path / "ZB_run398183_test.parquet", columns)


def test_whole_steps_become_gev_and_radians(stored):
    columns, path = stored
    events = layouts.read("cms_l1_anomaly", path)
    rows = np.flatnonzero(columns["order"] != -1)
    assert layouts.count("cms_l1_anomaly", path) == 30
    assert len(events) == len(rows)
    for place, row in enumerate(rows):
        met = events.met[place, 0]
        assert met[0] == pytest.approx(0.5 * columns["MET_Et"][row][0])
        jets = columns["jets_jetIEt"][row][:10]
        np.testing.assert_allclose(events.jets[place, : len(jets), 0], 0.5 * np.array(jets))
        assert not events.jets[place, len(jets) :].any()
        muons = sorted(columns["muons_muonIEt"][row], reverse=True)[:4]
        wanted = 0.5 * (np.array(muons) - 1)
        np.testing.assert_allclose(events.muons[place, : len(muons), 0], wanted)
        if jets:
            eta = columns["jets_jetIEta"][row][0] * 0.0870 / 2
            assert events.jets[place, 0, 1] == pytest.approx(eta, abs=1e-6)
            turn = np.exp(1j * columns["jets_jetIPhi"][row][0] * 2 * np.pi / 144)
            assert np.exp(1j * events.jets[place, 0, 2]) == pytest.approx(turn, abs=1e-6)
    first = int(np.argmax([len(one) == 1 for one in columns["muons_muonIEt"]]))
    if columns["order"][first] != -1 and columns["muons_muonIEt"][first][0] > 1:
        place = int(np.searchsorted(rows, first))
        eta = columns["muons_muonIEtaAtVtx"][first][0] * 0.0870 / 8
        assert events.muons[place, 0, 1] == pytest.approx(eta, abs=1e-6)


def test_labels_tell_data_simulation_and_signal(stored):
    columns, path = stored
    events = layouts.read("cms_l1_anomaly", path)
    kept = columns["label"][columns["order"] != -1]
    assert len(events.of_class("zero bias")) == (kept == 0).sum()
    assert len(events.of_class("simulated zero bias")) == (kept < 0).sum()
    assert len(events.of_class("signal")) == (kept > 0).sum()


@pytest.mark.parametrize(("start", "stop"), [(0, 5), (6, 18), (29, None), (4, 4)])
def test_a_slice_has_the_rows_of_the_whole(stored, start, stop):
    columns, path = stored
    whole = layouts.read("cms_l1_anomaly", path)
    rows = np.flatnonzero(columns["order"] != -1)
    wanted = np.isin(rows, np.arange(30)[start:stop])
    part = layouts.read("cms_l1_anomaly", path, start, stop)
    np.testing.assert_array_equal(part.objects, whole.objects[wanted])
    np.testing.assert_array_equal(part.label, whole.label[wanted])


def test_other_files_are_named(tmp_path):
    columns = table()
    del columns["jets_jetIEta"]
    with pytest.raises(ValueError, match="jets_jetIEta"):
        layouts.read("cms_l1_anomaly", write(tmp_path / "a.parquet", columns))
    (tmp_path / "b.parquet").write_bytes(b"no parquet")
    with pytest.raises(ValueError, match="no Parquet file"):
        layouts.read("cms_l1_anomaly", tmp_path / "b.parquet")
    with pytest.raises(FileNotFoundError, match="fetch it again"):
        layouts.read("cms_l1_anomaly", tmp_path / "c.parquet")
