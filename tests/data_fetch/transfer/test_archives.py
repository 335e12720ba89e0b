"""Archives are unpacked into their folder and nowhere else, whole or not at all."""

import io
import os
import shutil
import stat
import tarfile
import threading
import time
import zipfile

import pytest

from data_fetch.transfer import archives

CONTENT = {"a/jets.h5": b"jets" * 1000, "a/b/readme.txt": b"hello", "empty": b""}
MODES = {".tar": "w", ".tar.gz": "w:gz", ".tgz": "w:gz", ".tar.bz2": "w:bz2", ".tar.xz": "w:xz"}
LINKS = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE)


def make(path, content):
    if path.name.endswith(".zip"):
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            for name, body in content.items():
                file.writestr(name, body)
    else:
        mode = next(m for suffix, m in MODES.items() if path.name.endswith(suffix))
        with tarfile.open(path, mode) as file:
            for name, body in content.items():
                add(file, name, body)
    return path


def add(file, name, body=b"", **fields):
    entry = tarfile.TarInfo(name)
    entry.size = len(body)
    for key, value in fields.items():
        setattr(entry, key, value)
    file.addfile(entry, io.BytesIO(body))


def left_over(folder):
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


@pytest.mark.parametrize("suffix", [*MODES, ".zip"])
def test_everything_arrives(tmp_path, suffix):
    folder = archives.unpack(make(tmp_path / f"set_v1.0{suffix}", CONTENT))
    assert folder == tmp_path / "set_v1.0"
    found = {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()
    }
    assert found == CONTENT
    assert left_over(tmp_path) == ["set_v1.0", f"set_v1.0{suffix}"]


def test_what_is_unpacked_is_not_unpacked_again(tmp_path):
    archive = make(tmp_path / "x.zip", CONTENT)
    folder = archives.unpack(archive)
    (folder / "mine").write_text("kept")
    archive.unlink()
    assert archives.unpack(archive) == folder
    assert (folder / "mine").read_text() == "kept"


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
@pytest.mark.parametrize(
    "name",
    ["../out", "a/../../out", "/tmp/out", "..\\out", "C:\\out", "C:out", "\\\\host\\out", "a/.."],
)
def test_no_path_leaves_the_folder(tmp_path, suffix, name):
    inside = tmp_path / "inside"
    inside.mkdir()
    archive = make(inside / f"x{suffix}", {"good": b"1", name: b"evil"})
    with pytest.raises(ValueError, match="outside of its folder"):
        archives.unpack(archive)
    assert left_over(inside) == [archive.name]
    assert left_over(tmp_path) == ["inside"]


@pytest.mark.parametrize("kind", LINKS)
def test_links_and_devices_are_refused_in_tar(tmp_path, kind):
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w") as file:
        add(file, "link", type=kind, linkname="/etc/passwd")
        add(file, "link/evil", b"evil")
    with pytest.raises(ValueError, match="link or a device"):
        archives.unpack(archive)
    assert left_over(tmp_path) == ["x.tar"]


def test_links_are_refused_in_zip(tmp_path):
    archive = tmp_path / "x.zip"
    with zipfile.ZipFile(archive, "w") as file:
        entry = zipfile.ZipInfo("link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        file.writestr(entry, "/etc/passwd")
    with pytest.raises(ValueError, match="link or a device"):
        archives.unpack(archive)
    assert left_over(tmp_path) == ["x.zip"]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_a_bomb_is_refused_by_what_it_declares(tmp_path, suffix, monkeypatch):
    archive = make(tmp_path / f"x{suffix}", {"small": b"1", "zeros": bytes(5_000_000)})
    assert archive.stat().st_size < 50_000
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, archives.RESERVE + 1e6)
    )
    with pytest.raises(OSError, match=r"more than the disk has free.*HEPML_DATA"):
        archives.unpack(archive)
    assert left_over(tmp_path) == [archive.name]


def test_a_zip_bomb_is_refused_before_the_first_byte(tmp_path, monkeypatch):
    archive = make(tmp_path / "x.zip", {"small": b"1", "zeros": bytes(5_000_000)})
    monkeypatch.setattr(
        shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(0, 0, archives.RESERVE + 1e6)
    )
    monkeypatch.setattr(archives, "_write", lambda *_: pytest.fail("something is written"))
    with pytest.raises(OSError, match="than the disk has free"):
        archives.unpack(archive)


def test_a_bomb_that_lies_about_its_size(tmp_path):
    archive = make(tmp_path / "x.zip", {"zeros": bytes(5_000_000)})
    body = archive.read_bytes().replace((5_000_000).to_bytes(4, "little"), b"\x0a\0\0\0")
    archive.write_bytes(body)
    with pytest.raises(ValueError, match="cannot be unpacked"):
        archives.unpack(archive)
    assert left_over(tmp_path) == ["x.zip"]


def test_python_without_the_safe_filter_unpacks_no_tar(tmp_path, monkeypatch):
    archive = make(tmp_path / "x.tar", CONTENT)
    monkeypatch.delattr(tarfile, "data_filter")
    with pytest.raises(ImportError, match=r"Python 3\.11\.4 or newer"):
        archives.unpack(archive)
    assert left_over(tmp_path) == ["x.tar"]


@pytest.mark.parametrize("suffix", [*MODES, ".zip"])
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_truncated_archive_leaves_nothing(tmp_path, suffix, share):
    body = {"noise": os.urandom(20_000), "more": os.urandom(20_000)}
    archive = make(tmp_path / f"x{suffix}", body)
    os.truncate(archive, int(share * archive.stat().st_size))
    with pytest.raises(ValueError, match="fetch it again"):
        archives.unpack(archive)
    assert left_over(tmp_path) == [archive.name]


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz"])
def test_what_is_no_archive_is_named(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"<html>log in</html>")
    with pytest.raises(ValueError, match=rf"x{suffix} cannot be unpacked"):
        archives.unpack(path)
    with pytest.raises(ValueError, match=r"x\.rar is none of the archives"):
        archives.unpack(tmp_path / "x.rar")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("a", "a/b"), ("a/b", "a")])
def test_one_file_does_not_replace_another(tmp_path, names):
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w") as file:
        for name in names:
            add(file, name, b"1")
    with pytest.raises(ValueError, match="twice"):
        archives.unpack(archive)


def test_two_at_once_unpack_once(tmp_path, monkeypatch):
    archive, calls = make(tmp_path / "x.zip", CONTENT), []
    real = archives._write_all

    def slower(path, temporary):
        calls.append(path)
        time.sleep(0.1)
        real(path, temporary)

    monkeypatch.setattr(archives, "_write_all", slower)
    threads = [threading.Thread(target=archives.unpack, args=(archive,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1
    assert (tmp_path / "x/a/jets.h5").read_bytes() == CONTENT["a/jets.h5"]
    assert left_over(tmp_path) == ["x", "x.zip"]


def test_what_is_listed(tmp_path):
    names = [f"part_{i}.root" for i in (10, 2, 1)] + ["b/x.h5", ".DS_Store", "__MACOSX/._x.h5"]
    folder = archives.unpack(make(tmp_path / "set_2.tar", dict.fromkeys(names, b"1")))
    found = [path.relative_to(folder).as_posix() for path in archives.contents(folder)]
    assert found == ["b/x.h5", "part_1.root", "part_2.root", "part_10.root"]


def test_modes_of_the_archive_are_not_taken_over(tmp_path):
    archive = tmp_path / "x.tar"
    with tarfile.open(archive, "w") as file:
        add(file, "run", b"1", mode=0o4777)
    mode = (archives.unpack(archive) / "run").stat().st_mode
    assert stat.S_IMODE(mode) == 0o644
