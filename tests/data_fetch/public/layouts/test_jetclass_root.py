"""JetClass's trees: jagged branches become padded jets, flags become classes and identities."""

import awkward as ak
import numpy as np
import pytest
import uproot

from data_fetch.public import layouts
from data_fetch.public.layouts import jetclass_root
from hepml_lite import kinematics

KINDS = ["ChargedHadron", "NeutralHadron", "Photon", "Electron", "Muon"]
PDG = {  # kind and charge
    ("ChargedHadron", 1): 211,
    ("ChargedHadron", -1): -211,
    ("NeutralHadron", 0): 130,
    ("Photon", 0): 22,
    ("Electron", -1): 11,
    ("Electron", 1): -11,
    ("Muon", -1): 13,
    ("Muon", 1): -13,
}
DISPLACEMENTS = ("part_deta", "part_dphi", "part_d0val", "part_d0err", "part_dzval", "part_dzerr")
JET = ("jet_pt", "jet_eta", "jet_phi", "jet_energy", "jet_nparticles", "jet_sdmass", "jet_tau1")


def branches(n=40, seed=0):
    """The published branches, and (pT, eta, phi), identity and class of what is in them."""
    rng = np.random.default_rng(seed)
    counts = rng.integers(3, 60, n)
    m, label = counts.sum(), rng.integers(0, 10, n)
    kind = rng.integers(0, 5, m)
    charge = np.where(np.isin(kind, (0, 3, 4)), rng.choice([-1, 1], m), 0)
    kinematic = rng.exponential(20, m) + 0.5, rng.normal(0, 1, m), rng.uniform(-3.1, 3.1, m)
    p4 = kinematics.four_vectors(*kinematic)
    momenta = zip(("part_energy", "part_px", "part_py", "part_pz"), p4.T, strict=True)
    flat = {key: x.astype(np.float32) for key, x in momenta}
    flat |= {key: np.zeros(m, np.float32) for key in DISPLACEMENTS}
    flat["part_charge"] = charge.astype(np.float32)
    flat |= {f"part_is{name}": (kind == i).astype(np.int32) for i, name in enumerate(KINDS)}
    stored = {key: ak.unflatten(x, counts) for key, x in flat.items()}
    stored |= {key: rng.random(n).astype(np.float32) for key in JET}
    flags = zip(jetclass_root.CLASSES, np.eye(10)[:, label], strict=True)
    stored |= {key: row.astype(np.int32) for key, row in flags}
    pid = [PDG[KINDS[k], c] for k, c in zip(kind, charge, strict=True)]
    return stored, ak.unflatten(np.stack([*kinematic, pid], axis=-1), counts), label


def write(path, stored, tree="tree"):
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as file:
        kinds = {
            k: ak.type(v).content if hasattr(v, "layout") else v.dtype for k, v in stored.items()
        }
        file.mktree(tree, kinds)
        file[tree].extend(stored)
    return path


@pytest.fixture
def published(tmp_path):
    stored, expected, label = branches()
    return write(tmp_path / "HToBB_120.root", stored), expected, label


def test_what_is_published_arrives(published):
    path, expected, label = published
    jets = layouts.read("jetclass_root", path)
    assert layouts.count("jetclass_root", path) == len(jets) == 40
    assert jets.names[0] == "QCD"
    np.testing.assert_array_equal(jets.label, label)
    np.testing.assert_array_equal(jets.n_constituents, ak.num(expected))
    flat = ak.to_numpy(ak.flatten(expected))
    np.testing.assert_allclose(jets.constituents[jets.mask], flat[:, :3], rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(jets.pid[jets.mask], flat[:, 3])
    assert jets.constituents.shape[1] == ak.max(ak.num(expected))


def test_the_classes_are_those_of_the_flags(tmp_path):
    stored, _, label = branches()
    jets = jetclass_root.read(write(tmp_path / "x.root", stored))
    named = dict(zip(jetclass_root.CLASSES, jets.names, strict=True))
    assert len(jets.of_class(named["label_Tbqq"])) == (label == 8).sum() > 0


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 18), (35, None), (38, 99), (40, 50)])
def test_slices(published, start, stop):
    path, expected, label = published
    part = jetclass_root.read(path, start, stop)
    np.testing.assert_array_equal(part.label, label[start:stop])
    np.testing.assert_array_equal(part.n_constituents, ak.num(expected)[start:stop])


def test_only_what_is_asked_for_is_read(published, monkeypatch):
    asked = []
    real = uproot.TTree.arrays

    def watched(tree, names, **limits):
        asked.append((set(names), limits))
        return real(tree, names, **limits)

    monkeypatch.setattr(uproot.TTree, "arrays", watched)
    jetclass_root.read(published[0], 10, 20)
    [(names, limits)] = asked
    assert not names & {*DISPLACEMENTS, *JET}
    assert limits == {"entry_start": 10, "entry_stop": 20}


def test_what_is_wrong_is_named(tmp_path):
    stored, _, _ = branches()
    with pytest.raises(ValueError, match=r"has \['events;1'\] but no 'tree'"):
        jetclass_root.read(write(tmp_path / "a.root", stored, tree="events"))
    fewer = {key: x for key, x in stored.items() if key not in ("part_charge", "label_Tbl")}
    with pytest.raises(ValueError, match="lacks the branches part_charge, label_Tbl"):
        jetclass_root.read(write(tmp_path / "b.root", fewer))
    stored["label_QCD"] = np.ones(40, np.int32)
    with pytest.raises(ValueError, match=r"jet \d+ does not have exactly one class"):
        jetclass_root.read(write(tmp_path / "c.root", stored))
    (tmp_path / "d.root").write_text("<html>log in</html>")
    with pytest.raises(ValueError, match=r"d\.root cannot be read as ROOT.*fetch it again"):
        jetclass_root.read(tmp_path / "d.root")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.9, 0.99])
def test_a_truncated_file_is_named(published, share):
    path, _, _ = published
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(ValueError, match=r"HToBB_120\.root .*fetch it again"):
        jetclass_root.read(path)
