"""A file is written whole or not at all."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import numpy as np
import pytest
from torch import nn

from data_fetch.files import write_arrays
from data_fetch.packing import storage
from hepml_lite.files import atomic_write, require_writable, temporary_folder, write_text
from hepml_lite.training.weights import save_weights


def names(folder):
    return [path.name for path in folder.iterdir()]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("old", ["old", None])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, error, old):
    path = tmp_path / "sample.npz"
    if old:
        path.write_text(old)

    def fail_half_way():
        with atomic_write(path) as temporary:
            temporary.write_text("half of the ne")
            raise error

    with pytest.raises(type(error)):
        fail_half_way()
    assert names(tmp_path) == (["sample.npz"] if old else [])
    assert not old or path.read_text() == old


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    path = tmp_path / "sample.npz"
    path.write_text("old")
    code = (
        "import time; from hepml_lite.files import atomic_write\n"
        f"with atomic_write({str(path)!r}) as temporary:\n"
        "    temporary.write_text('half'); print('writing', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as writer:
        assert writer.stdout.readline() == b"writing\n"
        write_text(path, "from another process")  # the file of a living process stays
        assert len(names(tmp_path)) == 2
        writer.send_signal(signal.SIGKILL)
    assert path.read_text() == "from another process"
    assert len(names(tmp_path)) == 2
    write_text(path, "new")
    assert names(tmp_path) == ["sample.npz"]


def test_a_complete_write_replaces_the_file_and_others_may_read_it(tmp_path):
    path = tmp_path / "new folder" / "numbers.npz"
    for last in (3, 4):
        with atomic_write(path) as temporary:
            np.savez(temporary, numbers=np.arange(last))
    assert names(path.parent) == ["numbers.npz"]
    assert len(np.load(path)["numbers"]) == 4
    assert path.stat().st_mode & 0o777 == 0o644


def test_text_is_utf8_with_unix_line_ends_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "Δφ\n")
    assert path.read_bytes() == "Δφ\n".encode()
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \udc80")
    assert path.read_bytes() == "Δφ\n".encode()
    assert names(tmp_path) == ["a.txt"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk is full. Make room"),
        (errno.EROFS, r"\(Read-only file system\): choose a folder of your own"),
        (errno.EACCES, r"\(Permission denied\): choose a folder of your own"),
    ],
)
def test_what_cannot_be_written_is_named_with_the_remedy(tmp_path, monkeypatch, number, words):
    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    for function in ("mkstemp", "TemporaryFile"):
        monkeypatch.setattr(tempfile, function, fail)
    with pytest.raises(OSError, match=rf"a\.txt cannot be written.*{words}") as raised:
        write_text(tmp_path / "a.txt", "text")
    assert raised.value.errno == number
    with pytest.raises(OSError, match=rf"{tmp_path.name} cannot be written.*{words}"):
        require_writable(tmp_path)


@pytest.fixture
def small_disk(tmp_path):
    """A real disk of 64 kB, which only root may make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small disk cannot be mounted here")
    yield folder
    subprocess.run(["umount", folder], check=True)


def test_a_full_disk_keeps_the_old_file_and_nothing_half_written(small_disk):
    model = nn.Linear(200, 200)
    table = np.random.default_rng(0).random(20_000)
    rows = {"label": np.zeros(20_000, int), "x": table}
    text = small_disk / "a.html"
    write_text(text, "old")
    for write in (
        lambda: write_text(text, "x" * 100_000),
        lambda: save_weights(model, small_disk / "a.safetensors"),
        lambda: write_arrays(small_disk / "a.npz", {"x": table}),
        lambda: storage.write(small_disk / "a.h5", [rows], 20_000),
    ):
        with pytest.raises(OSError, match=r"disk/a\.\w+ cannot be written: the disk is full"):
            write()
    assert text.read_text() == "old"
    assert names(small_disk) == ["a.html"]


def test_a_read_only_disk_is_refused_before_the_work(small_disk):
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    with pytest.raises(OSError, match=r"output cannot be written .*Read-only"):
        require_writable(small_disk / "output")
    subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
    require_writable(small_disk / "output")
    (small_disk / "large").write_bytes(bytes(64 * 1024))
    with pytest.raises(OSError, match="the disk is full"):
        require_writable(small_disk / "output")


def test_a_file_in_the_way_is_no_folder(tmp_path):
    (tmp_path / "output").write_text("a file")
    for folder in (tmp_path / "output", tmp_path / "output" / "deeper"):
        with pytest.raises(OSError, match="a part of the path is a file"):
            require_writable(folder)
    with pytest.raises(OSError, match="it is a folder"):
        write_text(tmp_path, "text")


@pytest.mark.parametrize("last", [signal.SIGTERM, signal.SIGKILL])
def test_a_killed_process_leaves_no_temporary_folder(tmp_path, monkeypatch, last):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    code = (
        "import time; from hepml_lite.files import temporary_folder\n"
        "from hepml_lite.course import cli; cli._end_in_order_when_told()\n"
        "with temporary_folder():\n    print('open', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"open\n"
        with temporary_folder():  # the folder of a living process stays
            assert len(names(tmp_path)) == 2
        process.send_signal(last)
    left = 0 if last == signal.SIGTERM else 1
    assert len(names(tmp_path)) == left
    with temporary_folder() as mine:
        assert names(tmp_path) == [mine.name]
    assert names(tmp_path) == []
