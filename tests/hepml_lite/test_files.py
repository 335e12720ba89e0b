"""A file is written whole or not at all."""

import errno
import signal
import subprocess
import sys

import numpy as np
import pytest

from hepml_lite.files import atomic_write, write_text


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
        writer.send_signal(signal.SIGKILL)
    assert path.read_text() == "old"


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
