"""LHC Olympics files, in both formats of pandas: jets and particles give the same quantities."""

import h5py
import numpy as np
import pytest

from data_fetch.generate.simulation import dijets
from data_fetch.public import layouts
from data_fetch.public.layouts import lhco, pandas_hdf5
from hepml_lite import kinematics

KEYS = [*lhco.MOMENTUM, "tau1", "tau2", "tau3"]
COLUMNS = [f"{key}j{i}" for i in (1, 2) for key in KEYS]


def features(n=50, seed=0):
    rng = np.random.default_rng(seed)
    jets = [
        np.stack(
            [
                *kinematics.four_vectors(
                    rng.uniform(1200, 2000, n), rng.normal(0, 1, n), rng.uniform(-3, 3, n)
                ).T[1:],
                rng.uniform(10, 600, n),
                *np.sort(rng.uniform(0.01, 0.8, (3, n)), axis=0)[::-1],
            ],
            axis=-1,
        )
        for _ in range(2)
    ]
    return np.concatenate(jets, axis=-1), rng.integers(0, 2, n)  # (n, 14), (n,)


def write_fixed(path, blocks):
    """As pandas writes a `fixed` table: blocks of one type, with the names of their columns."""
    with h5py.File(path, "w") as file:
        group = file.create_group("df")
        for i, (names, values) in enumerate(blocks):
            kind = "S" if isinstance(names[0], str) else np.int64
            group[f"block{i}_items"] = np.array(names, kind)
            group.create_dataset(f"block{i}_values", data=values, compression="gzip")
    return path


def write_table(path, blocks):
    """As pandas writes a `table`: records, with the names of the columns in an old pickle."""
    fields = [("index", "i8")]
    fields += [(f"values_block_{i}", v.dtype, v.shape[1:]) for i, (_, v) in enumerate(blocks)]
    rows = np.zeros(len(blocks[0][1]), fields)
    with h5py.File(path, "w") as file:
        for i, (_, values) in enumerate(blocks):
            rows[f"values_block_{i}"] = values
        table = file.create_dataset("df/table", data=rows, compression="gzip", chunks=(16,))
        for i, (names, _) in enumerate(blocks):
            items = [f"V{x}\np{k}" if isinstance(x, str) else f"I{x}" for k, x in enumerate(names)]
            table.attrs[f"values_block_{i}_kind"] = np.bytes_("(lp0\n" + "\na".join(items) + "\na.")
    return path


def write_features(path, values, label, write=write_fixed, names=COLUMNS, named="label"):
    return write(path, [(names, values), ([named], label[:, None])])


@pytest.mark.parametrize("write", [write_fixed, write_table])
def test_every_quantity_of_the_jets(tmp_path, write):
    values, label = features()
    path = write_features(tmp_path / "v2.features.h5", values, label, write)
    events = layouts.read("lhco", path)
    assert layouts.count("lhco", path) == len(events) == 50
    assert events.names == ("QCD", "signal")
    np.testing.assert_array_equal(events.label, label)
    jets = values.reshape(-1, 2, 7)
    light, heavy = np.argsort(jets[..., 3], axis=1).T
    rows = np.arange(50)
    for i, jet in (("1", jets[rows, light]), ("2", jets[rows, heavy])):
        np.testing.assert_allclose(events[f"m{i}"], jet[:, 3], rtol=1e-6)
        np.testing.assert_allclose(events[f"tau1_{i}"], jet[:, 4], rtol=1e-6)
        np.testing.assert_allclose(events[f"tau21_{i}"], jet[:, 5] / jet[:, 4], rtol=1e-6)
        np.testing.assert_allclose(events[f"tau32_{i}"], jet[:, 6] / jet[:, 5], rtol=1e-6)
    p, energy = jets[..., :3], np.sqrt((jets[..., :4] ** 2).sum(axis=-1))
    mjj = np.sqrt(energy.sum(axis=1) ** 2 - (p.sum(axis=1) ** 2).sum(axis=-1))
    np.testing.assert_allclose(events["mjj"], mjj, rtol=1e-6)
    assert (events["delta_r"] > 0).all()


def test_more_subjettinesses_and_none(tmp_path):
    """The files with tau for three values of beta, and jets too small to have one."""
    values, label = features()
    values[3, 5], values[4, 4:7] = np.nan, 0
    more = [f"{name}_1" if name.startswith("tau") else name for name in COLUMNS]
    more += [f"{name}_{beta}" for name in COLUMNS if name.startswith("tau") for beta in (5, 2)]
    wide = np.concatenate([values, np.full((50, len(more) - 14), 7.0)], axis=1)
    names = {"names": more, "named": "labels"}
    path = write_features(tmp_path / "extratau.h5", wide, label, **names)
    plain = write_features(tmp_path / "plain.h5", values, label)
    np.testing.assert_array_equal(lhco.read(path).values, lhco.read(plain).values)
    np.testing.assert_array_equal(lhco.read(path).label, label)


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 18), (45, None), (48, 99), (50, 60)])
@pytest.mark.parametrize("write", [write_fixed, write_table])
def test_slices(tmp_path, start, stop, write):
    path = write_features(tmp_path / "x.h5", *features(), write)
    whole, part = lhco.read(path), lhco.read(path, start, stop)
    np.testing.assert_array_equal(part.values, whole.values[start:stop])
    np.testing.assert_array_equal(part.label, whole.label[start:stop])


def two_jets(n=12, seed=0):
    """(n, 700, 3): two sprays of particles back to back, except for event 5, which has one."""
    rng = np.random.default_rng(seed)
    found = np.zeros((n, 700, 3))
    for i, phi in enumerate((0.5, 0.5 - np.pi)):
        places = slice(40 * i, 40 * (i + 1))
        found[:, places, 0] = rng.exponential(40, (n, 40))
        found[:, places, 1] = rng.normal(0, 0.1 + 0.1 * i, (n, 40))
        found[:, places, 2] = kinematics.wrap_phi(phi + rng.normal(0, 0.1 + 0.1 * i, (n, 40)))
    if n > 5:
        found[5, 40:] = 0
    return found


def write_particles(path, particles, label=None):
    values = particles.reshape(len(particles), -1)
    values = values if label is None else np.column_stack([values, label])
    return write_fixed(path, [(list(range(values.shape[1])), values.astype(np.float32))])


def test_particles_are_clustered_and_keep_their_labels(tmp_path, monkeypatch):
    monkeypatch.setattr(lhco, "BLOCK", 5)
    particles, label = two_jets(), np.arange(12) % 3 == 0
    path = write_particles(tmp_path / "events_anomalydetection_v2.h5", particles, label)
    events = layouts.read("lhco", path)
    assert events.quantities == dijets.QUANTITIES
    np.testing.assert_array_equal(events.label, np.delete(label, 5))
    everything = kinematics.four_vectors(*np.moveaxis(particles, -1, 0))
    *_, mass = kinematics.pt_eta_phi_mass(everything.sum(axis=1))
    np.testing.assert_allclose(events["mjj"], np.delete(mass, 5), rtol=1e-4)
    assert (events["m1"] <= events["m2"]).all()
    part = lhco.read(path, 3, 8)
    np.testing.assert_array_equal(part.values, events.values[3:7])
    np.testing.assert_array_equal(part.label, events.label[3:7])
    assert len(lhco.read(path, 12, 20)) == 0


def test_particles_and_their_jets_agree(tmp_path):
    """What is clustered here, written as features by hand, is read as the same event."""
    particles = np.delete(two_jets(), 5, axis=0)
    events = lhco.read(write_particles(tmp_path / "x.h5", particles, np.zeros(11)))
    rows = []
    for i in (1, 2):
        p4 = kinematics.four_vectors(*np.moveaxis(particles[:, 40 * i - 40 : 40 * i], -1, 0))
        *_, mass = kinematics.pt_eta_phi_mass(p4.sum(axis=1))
        tau1 = np.where(
            np.isclose(mass, events["m1"], rtol=1e-3), events["tau1_1"], events["tau1_2"]
        )
        rows.append(np.column_stack([p4.sum(axis=1)[:, 1:], mass, tau1, tau1, tau1]))
    path = write_features(tmp_path / "x.features.h5", np.concatenate(rows, 1), np.zeros(11, int))
    jets = lhco.read(path)
    for quantity in ("mjj", "m1", "m2", "tau1_1", "tau1_2", "delta_r"):
        np.testing.assert_allclose(jets[quantity], events[quantity], rtol=2e-3, err_msg=quantity)


def test_a_black_box_and_its_key(tmp_path):
    path = write_particles(tmp_path / "events_LHCO2020_BlackBox3.h5", two_jets())
    assert lhco.read(path).names == ("unknown",)
    assert len(lhco.read(path, label=0).of_class("QCD")) == 11
    kinds = np.array([0, 2, 1, 0, 0, 0, 1, 0, 0, 0, 2, 1])
    (tmp_path / "events_LHCO2020_BlackBox3.masterkey").write_text("\n".join(map(str, kinds)))
    np.testing.assert_array_equal(lhco.read(path).label, np.delete(kinds, 5) > 0)
    np.testing.assert_array_equal(lhco.read(path, 6, 9).label, kinds[6:9] > 0)
    (tmp_path / "events_LHCO2020_BlackBox3.masterkey").write_text("0\n1\n")
    with pytest.raises(ValueError, match="masterkey has fewer lines"):
        lhco.read(path)


def test_what_is_wrong_is_named(tmp_path):
    values, label = features()
    short = write_features(tmp_path / "s.h5", values[:, :10], label, names=COLUMNS[:10])
    with pytest.raises(ValueError, match=r"no column 'mj2'"):
        lhco.read(short)
    with pytest.raises(ValueError, match=r"has 2 columns, a, b, …: neither jets nor 700"):
        lhco.read(write_fixed(tmp_path / "x.h5", [(["a", "b"], np.zeros((3, 2)))]))
    with h5py.File(tmp_path / "y.h5", "w") as file:
        file["data"] = [1]
    with pytest.raises(ValueError, match=r"has \['data'\] but no table of pandas"):
        lhco.read(tmp_path / "y.h5")
    path = write_table(tmp_path / "z.h5", [(COLUMNS, values)])
    with h5py.File(path, "a") as file:
        del file["df/table"].attrs["values_block_0_kind"]
    with pytest.raises(ValueError, match="no names that can be read"):
        lhco.read(path)
    path = write_features(tmp_path / "cut.h5", *features(3000))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ValueError, match=r"cut\.h5"):
        lhco.read(path)


@pytest.mark.parametrize("form", ["fixed", "table"])
def test_what_pandas_writes(tmp_path, form):
    """Independent check: the file is written by the library that wrote the published ones."""
    pytest.importorskip("tables", reason="PyTables, heavy and only for this check")
    pandas = pytest.importorskip("pandas")
    values, label = features()
    frame = pandas.DataFrame(values, columns=COLUMNS)
    frame["label"] = label
    path = tmp_path / "pandas.h5"
    frame.to_hdf(path, key="df", format=form, complib="zlib", complevel=5)
    ours = write_features(tmp_path / "ours.h5", values, label)
    np.testing.assert_array_equal(lhco.read(path).values, lhco.read(ours).values)
    pandas.DataFrame(two_jets().reshape(12, -1)).to_hdf(path, key="df", mode="w", format=form)
    with h5py.File(path) as file:
        frame = pandas_hdf5.Frame(file, path)
        assert frame.columns == [str(i) for i in range(2100)]
        np.testing.assert_array_equal(
            frame.read(frame.columns, 2, 4), two_jets().reshape(12, -1)[2:4]
        )
