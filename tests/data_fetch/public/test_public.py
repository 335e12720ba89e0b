"""The registry says what is known and no more; fetch looks here first and checks what it finds."""

import dataclasses
import hashlib
import os
import re
import subprocess
import sys

import pytest
from unreliable_server import Fault, Served, running

from data_fetch import samples
from data_fetch.public import registry
from data_fetch.public.registry import PublicFile, PublicSet
from data_fetch.transfer import download
from hepml_lite.course.cli import main

BODY = b"what was published" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()
EXPECTED = {
    "top_landscape",
    "energyflow_qg_pythia",
    "energyflow_qg_herwig",
    "jetclass",
    "jetnet",
    "jetnet150",
    "hls4ml_jets",
    "calochallenge_1",
    "calochallenge_2",
    "calochallenge_3",
    "lhco_rnd",
    "lhco_blackboxes",
    "omnifold_zjets_pythia",
    "omnifold_zjets_herwig",
    "adc2021",
}
EVERY_FILE = [(s, f) for s in registry.public_sets().values() for f in s.files]


@pytest.fixture(autouse=True)
def my_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_DATA", str(tmp_path))
    monkeypatch.setattr(download, "RESERVE", 0)
    monkeypatch.setattr(download, "BACKOFF", 0)
    return tmp_path / "public" / "toy"


@pytest.fixture
def server(monkeypatch):
    with running() as server:
        server.files |= {name: Served(BODY) for name in ("known.npz", "new.npz", "other.txt")}
        files = [
            PublicFile("known.npz", [server.url("known.npz")], len(BODY), f"sha256:{SHA256}"),
            PublicFile("new.npz", [server.url("new.npz")]),
            PublicFile("other.txt", [server.url("other.txt")]),
        ]
        toy = PublicSet("toy", "Toy", "page", "CC0", [], [], "toy", files, ["known.npz"])
        monkeypatch.setattr(registry, "public_sets", lambda: {"toy": toy})
        yield server


def test_the_sets_of_the_course_are_there():
    assert registry.public_sets().keys() >= EXPECTED


@pytest.mark.parametrize("entry", registry.public_sets().values(), ids=lambda s: s.name)
def test_every_set_is_described(entry):
    assert entry.title
    assert entry.licence
    assert entry.layout
    assert entry.themes
    citable = r"arXiv:\d{4}\.\d{5}|CMS Collaboration.*DOI:10\.\d{4}/\w+"
    assert all(re.match(citable, reference) for reference in entry.citation)
    assert entry.page.startswith("https://")
    names = [file.name for file in entry.files]
    assert len(set(names)) == len(names)
    assert set(entry.default) <= set(names)
    assert len(entry.choose("*")) == len(entry.files)


def test_every_file_is_plain_and_has_an_address():
    for entry, file in EVERY_FILE:
        assert re.fullmatch(r"[A-Za-z0-9][\w.-]*", file.name), (entry.name, file.name)
        assert file.urls
        assert all(url.startswith("https://") and file.name in url for url in file.urls)
        assert len(set(file.urls)) == len(file.urls)


def test_hashes_and_sizes_have_the_right_form():
    digits = {"md5": 32, "sha256": 64}
    known = [file.hash for _, file in EVERY_FILE if file.hash]
    for value in known:
        algorithm, digest = value.split(":")
        assert re.fullmatch(rf"[0-9a-f]{{{digits[algorithm]}}}", digest)
    assert len(known) > 170
    assert len(set(known)) == len(known)  # a copied line would show here
    assert all(file.size is None or file.size > 1000 for _, file in EVERY_FILE)


def test_what_is_unverified_says_so():
    sets = registry.public_sets()
    assert "unverified" in sets["energyflow_qg_pythia"].licence
    assert "unverified" in sets["adc2021"].licence
    assert all("unverified" in file.note for file in sets["adc2021"].files)
    assert "unverified" not in sets["jetnet"].licence


@pytest.mark.parametrize(
    ("name", "file", "digest"),
    [
        ("top_landscape", "train.h5", "md5:45663819f47c13724f67eb0fd80bfa5c"),
        ("top_landscape", "test.h5", "md5:13163479dee30a5fe546e4536cc3d04d"),
        ("jetclass", "JetClass_Pythia_val_5M.tar", "md5:7235ccb577ed85023ea3ab4d5e6160cf"),
        ("calochallenge_2", "dataset_2_1.hdf5", "md5:e590333e9a2da51b258288d74bd8357a"),
        ("jetnet", "t.hdf5", None),
        ("lhco_blackboxes", "events_LHCO2020_BlackBox1.h5", None),
    ],
)
def test_some_published_hashes(name, file, digest):
    [found] = registry.dataset(name).choose(file)
    assert found.hash == digest


def test_patterns():
    entry = registry.dataset("energyflow_qg_herwig")
    assert [f.name for f in entry.choose()] == ["QG_jets_herwig_0.npz"]
    assert len(entry.choose("*_withbc_*")) == 20
    assert len(entry.choose(["*_withbc_1.npz", "QG_jets_herwig_1*"])) == 12
    with pytest.raises(ValueError, match=r"has no file 'QG\.npz'; choose from: QG_jets_herwig_0"):
        entry.choose("QG.npz")
    with pytest.raises(ValueError, match="unknown public data set 'toptag'; choose one of: top_"):
        registry.dataset("toptag")


def test_fetch_brings_the_default_once(server, my_folder):
    assert registry.fetch("toy", progress=False) == [my_folder / "known.npz"]
    assert registry.fetch("toy", progress=False) == [my_folder / "known.npz"]
    assert (my_folder / "known.npz").read_bytes() == BODY
    assert len(server.log) == 1


def test_fetch_elsewhere_and_by_pattern(server, tmp_path):
    paths = registry.fetch("toy", "*.npz", folder=tmp_path / "here", progress=False)
    assert paths == [tmp_path / "here" / name for name in ("known.npz", "new.npz")]
    assert all(path.read_bytes() == BODY for path in paths)


def test_a_file_put_there_by_hand_is_taken(server, my_folder):
    my_folder.mkdir(parents=True)
    (my_folder / "known.npz").write_bytes(BODY)
    registry.fetch("toy", progress=False)
    assert server.log == []


@pytest.mark.parametrize("wrong", [BODY[:-1], BODY[:-1] + b"!"])
def test_a_wrong_file_on_disk_is_an_error_and_stays(server, my_folder, wrong):
    my_folder.mkdir(parents=True)
    path = my_folder / "known.npz"
    path.write_bytes(wrong)
    with pytest.raises(ValueError, match=r"known\.npz is not the.*should.*move .* away"):
        registry.fetch("toy")
    assert path.read_bytes() == wrong
    assert server.log == []


def test_a_known_size_is_compared_where_no_hash_is_known(server, my_folder, monkeypatch):
    [toy] = registry.public_sets().values()
    sized = PublicFile("new.npz", [server.url("new.npz")], size=len(BODY))
    toy = dataclasses.replace(toy, files=[sized], default=["*"])
    monkeypatch.setattr(registry, "public_sets", lambda: {"toy": toy})
    my_folder.mkdir(parents=True)
    (my_folder / "new.npz").write_bytes(BODY[:-1])
    with pytest.raises(ValueError, match="has 17,999 bytes and should have 18,000"):
        registry.fetch("toy")
    (my_folder / "new.npz").unlink()
    server.files["new.npz"].body = BODY[:-1]
    with pytest.raises(ConnectionError, match="offers 17,999 bytes"):
        registry.fetch("toy", progress=False)


def test_an_unknown_hash_is_told_once_and_compared_ever_after(server, my_folder, capsys):
    registry.fetch("toy", "new.npz", progress=False)
    assert "unverified" in capsys.readouterr().err
    assert registry.fetch("toy", "new.npz", progress=False) == [my_folder / "new.npz"]
    assert capsys.readouterr().err == ""
    (my_folder / "new.npz").write_bytes(BODY[::-1])
    with pytest.raises(ValueError, match=rf"downloaded at first.*{SHA256}"):
        registry.fetch("toy", "new.npz", progress=False)


def test_a_second_download_is_compared_with_the_first(server, my_folder):
    registry.fetch("toy", "new.npz", progress=False)
    (my_folder / "new.npz").unlink()
    server.files["new.npz"].always = Fault(body=BODY[::-1])
    with pytest.raises(ValueError, match=f"should be {SHA256}"):
        registry.fetch("toy", "new.npz", progress=False)
    assert not (my_folder / "new.npz").exists()


def test_a_shared_folder_that_only_its_owner_may_write(server, my_folder, monkeypatch, capsys):
    my_folder.mkdir(parents=True)
    (my_folder / "new.npz").write_bytes(BODY)

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(registry.hashes, "record", refuse)
    assert registry.fetch("toy", "new.npz", progress=False) == [my_folder / "new.npz"]
    assert "unverified" in capsys.readouterr().err


def test_offline_is_one_line(server, monkeypatch):
    [toy] = registry.public_sets().values()
    gone = PublicFile("gone.npz", ["http://127.0.0.1:1/gone.npz"])
    monkeypatch.setattr(
        registry,
        "public_sets",
        lambda: {"toy": dataclasses.replace(toy, files=[gone], default=["*"])},
    )
    with pytest.raises(ConnectionError, match=r"^gone\.npz could not.*1/gone.*hepml data list`$"):
        registry.fetch("toy", progress=False)


def test_looking_at_the_registry_imports_nothing_of_the_network():
    code = (
        "import sys; from data_fetch.public import registry; registry.public_sets(); "
        "sys.exit('requests' in sys.modules or 'data_fetch.transfer.download' in sys.modules)"
    )
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    assert subprocess.run([sys.executable, "-c", code], env=environment).returncode == 0


def test_list_tells_what_there_is_how_large_and_what_is_here(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HEPML_DATA", str(tmp_path))
    (tmp_path / "public" / "top_landscape").mkdir(parents=True)
    (tmp_path / "public" / "top_landscape" / "val.h5").write_bytes(b"here")
    assert main(["data", "list"]) == 0
    shown = capsys.readouterr().out
    for name in (*samples.bundled(), *registry.public_sets()):
        assert f"  {name} " in shown
    (top,) = [line for line in shown.splitlines() if "top_landscape" in line]
    assert "1.7 GB" in top
    assert "1 of 3 files here" in top
    (jetclass,) = [line for line in shown.splitlines() if "  jetclass " in line]
    assert "~190 GB" in jetclass
