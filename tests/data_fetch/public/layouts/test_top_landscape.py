"""Files laid out like the published one, as pandas and PyTables write it, give back their jets."""

import h5py
import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import top_landscape

BLOSC = 32001  # registered filter number


def four_vectors(n, seed=0):
    """(n, 200, 4): massless E, px, py, pz, falling in pT, padded with zeros."""
    rng = np.random.default_rng(seed)
    p = rng.normal(size=(n, 200, 3)) * np.geomspace(100, 1, 200)[None, :, None]
    p = np.where(np.arange(200)[None, :, None] < rng.integers(5, 90, n)[:, None, None], p, 0)
    return np.concatenate([np.linalg.norm(p, axis=2, keepdims=True), p], axis=2).astype(np.float32)


def pickled(columns):
    """The column names as PyTables keeps them: a list, pickled with protocol 0."""
    items = "\na".join(f"V{name}\np{i + 1}" for i, name in enumerate(columns))
    return np.bytes_(f"(lp0\n{items}\na.")


def write(path, p4, label, columns=top_landscape.COLUMNS, flags=top_landscape.INTEGERS, **storage):
    truth = np.zeros((len(p4), 4), np.float32)
    rows = np.zeros(
        len(p4),
        [("index", "i8"), ("values_block_0", "f4", (804,)), ("values_block_1", "i8", (2,))],
    )
    rows["values_block_0"] = np.concatenate([p4.reshape(-1, 800), truth], axis=1)
    rows["values_block_1"][:, flags.index("is_signal_new")] = label
    with h5py.File(path, "w") as file:
        table = file.create_dataset("table/table", data=rows, chunks=(16,), **storage)
        table.attrs["values_block_0_kind"] = pickled(columns)
        table.attrs["values_block_1_kind"] = pickled(flags)
    return path


@pytest.fixture
def published(tmp_path):
    p4, label = four_vectors(50), np.arange(50) % 2
    path = write(tmp_path / "val.h5", p4, label, compression="gzip", shuffle=True)
    return path, p4, label


def test_momenta_and_labels(published):
    path, p4, label = published
    jets = layouts.read("top_landscape", path)
    n = (p4[..., 0] > 0).sum(axis=1)
    assert jets.names == ("QCD", "top")
    np.testing.assert_array_equal(jets.label, label)
    np.testing.assert_array_equal(jets.n_constituents, n)
    assert jets.constituents.shape[1] == n.max()
    np.testing.assert_allclose(jets.four_vectors(), p4[:, : n.max()], rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 40), (45, None), (45, 1000), (50, 60)])
def test_slices(published, start, stop):
    path, _, label = published
    whole, part = top_landscape.read(path), top_landscape.read(path, start, stop)
    np.testing.assert_array_equal(part.label, label[start:stop])
    width = part.constituents.shape[1]
    np.testing.assert_array_equal(part.constituents, whole[start:stop].constituents[:, :width])
    assert not whole[start:stop].mask[:, width:].any()


def test_columns_in_another_order_are_refused(tmp_path):
    swapped = ["PX_0", "E_0", *top_landscape.COLUMNS[2:]]
    path = write(tmp_path / "x.h5", four_vectors(20), 0, columns=swapped)
    with pytest.raises(ValueError, match=r"starts with \['PX_0', 'E_0'"):
        top_landscape.read(path)


def test_an_unknown_compression_says_what_to_install(published, tmp_path, monkeypatch):
    """As published: compressed with blosc, which h5py alone cannot read."""
    if h5py.h5z.filter_avail(BLOSC):
        pytest.skip("blosc is installed here")
    path = tmp_path / "blosc.h5"
    with h5py.File(published[0]) as source, h5py.File(path, "w") as file:
        table = source["table/table"]
        pipeline = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        pipeline.set_chunk((16,))
        pipeline.set_filter(BLOSC, h5py.h5z.FLAG_OPTIONAL)
        group = file.create_group("table")
        h5py.h5d.create(group.id, b"table", table.id.get_type(), table.id.get_space(), pipeline)
    with pytest.raises(ValueError, match=r"32001.*pip install hdf5plugin"):
        top_landscape.read(path)


def test_what_is_wrong_is_named(published, tmp_path):
    path, _, _ = published
    with pytest.raises(FileNotFoundError):
        top_landscape.read(tmp_path / "no.h5")
    (tmp_path / "text.h5").write_text("<html>")
    with pytest.raises(ValueError, match=r"text\.h5 is damaged or of another kind.*fetch it again"):
        top_landscape.read(tmp_path / "text.h5")
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["jets"] = [1]
    with pytest.raises(ValueError, match=r"has \['jets'\] but lacks"):
        top_landscape.read(tmp_path / "other.h5")
    with h5py.File(tmp_path / "narrow.h5", "w") as file:
        file["table/table"] = np.zeros(3, [("values_block_0", "f4", (8,))])
    with pytest.raises(ValueError, match=r"is \(8,\); expected 804"):
        top_landscape.read(tmp_path / "narrow.h5")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"val\.h5"):
        top_landscape.read(path)


@pytest.mark.parametrize("compression", [None, "blosc"])
def test_what_pandas_writes(tmp_path, compression):
    """Independent check: the file is written by the library that wrote the published ones."""
    pytest.importorskip("tables", reason="PyTables, heavy and only for this check")
    pandas = pytest.importorskip("pandas")
    if compression:
        pytest.importorskip("hdf5plugin")
    p4, label = four_vectors(50), np.arange(50) % 2
    frame = pandas.DataFrame(
        np.concatenate([p4.reshape(50, 800), np.zeros((50, 4), np.float32)], axis=1),
        columns=top_landscape.COLUMNS,
    )
    frame["ttv"], frame["is_signal_new"] = 0, label
    path = tmp_path / "pandas.h5"
    frame.to_hdf(path, key="table", format="table", complib=compression, complevel=5)
    jets = top_landscape.read(path, 3, 20)
    ours = top_landscape.read(write(tmp_path / "ours.h5", p4, label), 3, 20)
    np.testing.assert_array_equal(jets.constituents, ours.constituents)
    np.testing.assert_array_equal(jets.label, ours.label)
