"""Every fault many times, outcomes counted: a file or folder is whole, or it is not there."""

import errno
import hashlib
import io
import os
import shutil
import signal
import subprocess
import sys
import tarfile
import time
from collections import Counter

import numpy as np
import pytest
from unreliable_server import Served, running

from data_fetch.public import registry
from data_fetch.public.registry import PublicFile, PublicSet
from data_fetch.transfer import archives, download, server_answers

BODY = np.random.default_rng(0).bytes(100_000)
MEMBERS = {f"set/part_{i}.root": np.random.default_rng(i).bytes(3000) for i in range(60)}
forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


def tar(members):
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w:gz") as file:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return body.getvalue()


ARCHIVE = tar(MEMBERS)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("HEPML_DATA", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "RESERVE", 0)
    monkeypatch.setattr(download, "BACKOFF", 0)
    monkeypatch.setattr(server_answers, "CHUNK", 1 << 12)
    return tmp_path / "cache" / "public" / "toy"


@pytest.fixture(autouse=True)
def server(monkeypatch):
    with running() as server:
        bodies = {"jets.h5": BODY, "set.tar.gz": ARCHIVE}
        server.files |= {name: Served(body) for name, body in bodies.items()}
        files = [
            PublicFile(
                name, [server.url(name)], len(body), f"sha256:{hashlib.sha256(body).hexdigest()}"
            )
            for name, body in bodies.items()
        ]
        toy = PublicSet("toy", "Toy", "page", "CC0", [], [], "toy", files, ["jets.h5"])
        monkeypatch.setattr(registry, "public_sets", lambda: {"toy": toy})
        yield server


def fetch(*names):
    return registry.fetch("toy", names or None, progress=False)


def outcome(path):
    if not path.exists():
        return "not there"
    return "whole" if path.read_bytes() == BODY else "damaged"


def unpacked(folder):
    """What is under the final name of an unpacked archive, if anything."""
    if not folder.exists():
        return "not there"
    found = {p.relative_to(folder).as_posix(): p.read_bytes() for p in archives.contents(folder)}
    return "whole" if found == MEMBERS else "damaged"


def visible(folder):
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


def test_a_disk_that_fills_up_at_any_moment(cache, monkeypatch):
    """20 times: nothing under the final name, what came is the beginning, the next try goes on."""
    real, outcomes = server_answers.chunks, Counter()
    for last in np.random.default_rng(1).integers(1, 24, 20):

        def full(response, last=last):
            for n, chunk in enumerate(real(response)):
                if n == last:
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
                yield chunk

        monkeypatch.setattr(server_answers, "chunks", full)
        with pytest.raises(OSError, match=r"disk of .* is full; what came of jets\.h5 is kept"):
            fetch()
        outcomes[outcome(cache / "jets.h5")] += 1
        part = (cache / "jets.h5.part").read_bytes()
        assert len(part) > 0
        assert BODY.startswith(part)
        monkeypatch.setattr(server_answers, "chunks", real)
        fetch()
        outcomes[outcome(cache / "jets.h5")] += 1
        (cache / "jets.h5").unlink()
    assert outcomes == {"not there": 20, "whole": 20}


def test_bits_that_flip_on_disk(cache):
    """60 times: noticed, and the file is left to its owner."""
    [path] = fetch()
    rng, outcomes = np.random.default_rng(2), Counter()
    for _ in range(60):
        damaged = bytearray(BODY)
        damaged[rng.integers(len(BODY))] ^= 1 << rng.integers(8)
        path.write_bytes(damaged)
        with pytest.raises(ValueError, match=r"sha256 should be .* move .* away"):
            fetch()
        outcomes[outcome(path)] += 1
    assert outcomes == {"damaged": 60}


def test_files_cut_short_on_disk(cache):
    """30 times."""
    [path] = fetch()
    for size in np.random.default_rng(3).integers(0, len(BODY), 30):
        path.write_bytes(BODY[:size])
        with pytest.raises(ValueError, match=f"has {size:,} bytes and should have 100,000"):
            fetch()
    path.unlink()
    fetch()
    assert outcome(path) == "whole"


def test_a_cache_that_moves(cache, tmp_path, monkeypatch, server):
    fetch("jets.h5", "set.tar.gz")
    shutil.move(tmp_path / "cache", tmp_path / "elsewhere")
    monkeypatch.setenv("HEPML_DATA", str(tmp_path / "elsewhere"))
    requests = len(server.log)
    assert outcome(fetch()[0]) == "whole"
    assert len(fetch("set.tar.gz")) == len(MEMBERS)
    assert len(server.log) == requests


@pytest.mark.parametrize("below", ["file", "file/deeper/still"])
def test_a_cache_that_cannot_be_made(tmp_path, monkeypatch, below):
    """A file where a folder should be; not even root can write below it."""
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("HEPML_DATA", str(tmp_path / below))
    with pytest.raises(PermissionError, match="cannot be written; set HEPML_DATA to a folder of"):
        fetch()
    assert (tmp_path / "file").read_text() == "in the way"


def test_an_archive_is_unpacked_and_listed(cache, server):
    paths = fetch("set.tar.gz")
    assert [p.relative_to(cache / "set").as_posix() for p in paths] == list(MEMBERS)
    assert paths[2].read_bytes() == MEMBERS["set/part_2.root"]
    assert fetch("set.tar.gz") == paths
    (cache / "set.tar.gz").unlink()  # to save room
    assert fetch("set.tar.gz") == paths
    assert len(server.log) == 1


def test_an_archive_put_there_by_hand_is_checked_before_it_is_unpacked(cache):
    cache.mkdir(parents=True)
    (cache / "set.tar.gz").write_bytes(ARCHIVE[:-1] + b"!")
    with pytest.raises(ValueError, match=r"set\.tar\.gz is not the file that was published"):
        fetch("set.tar.gz")
    assert visible(cache) == ["set.tar.gz"]
    (cache / "set.tar.gz").write_bytes(ARCHIVE)
    assert len(fetch("set.tar.gz")) == len(MEMBERS)


def test_a_disk_that_fills_up_while_unpacking(cache, monkeypatch):
    """20 times: nothing stays unpacked, and the archive stays."""
    fetch("set.tar.gz")
    shutil.rmtree(cache / "set")
    real, outcomes = archives._write, Counter()
    for last in np.random.default_rng(4).integers(0, len(MEMBERS), 20):
        written = []

        def full(member, folder, archive, written=written, last=last):
            if len(written) == last:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written.append(member.path)
            real(member, folder, archive)

        monkeypatch.setattr(archives, "_write", full)
        with pytest.raises(OSError, match=r"disk of .* is full; nothing of set\.tar\.gz stays"):
            fetch("set.tar.gz")
        outcomes[unpacked(cache / "set")] += 1
        assert visible(cache) == ["set.tar.gz"]
    assert outcomes == {"not there": 20}
    monkeypatch.setattr(archives, "_write", real)
    fetch("set.tar.gz")
    assert unpacked(cache / "set") == "whole"


KILLING = """
import os, pathlib, signal, sys, time
from data_fetch.transfer import archives
real = archives._write
def slow(*arguments):
    time.sleep(0.002)
    real(*arguments)
archives._write = slow
print("ready", flush=True)
for line in sys.stdin:
    if not (pid := os.fork()):
        try:
            archives.unpack(pathlib.Path(sys.argv[1]))
        finally:
            os._exit(0)
    time.sleep(float(line))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print("killed", flush=True)
"""


@forks
def test_unpacking_that_is_killed(cache):
    """30 kills -9: the folder is whole or not there, and the next process tidies up."""
    fetch("set.tar.gz")
    archive, folder, outcomes = cache / "set.tar.gz", cache / "set", Counter()
    shutil.rmtree(folder)
    process = subprocess.Popen(
        [sys.executable, "-c", KILLING, str(archive)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        bufsize=1,
    )
    assert process.stdout.readline() == "ready\n"
    for delay in np.random.default_rng(5).uniform(0, 0.3, 30):
        process.stdin.write(f"{delay}\n")
        assert process.stdout.readline() == "killed\n"
        outcomes[unpacked(folder)] += 1
        shutil.rmtree(folder, ignore_errors=True)
    process.communicate()
    print(dict(outcomes))
    assert outcomes["damaged"] == 0
    assert outcomes["not there"] > 5
    archives.unpack(archive)
    assert unpacked(folder) == "whole"
    assert visible(cache) == ["set", "set.tar.gz"]


@forks
def test_a_dead_owner_does_not_stop_others_from_unpacking(cache):
    fetch("set.tar.gz")
    shutil.rmtree(cache / "set")
    process = subprocess.Popen(
        [sys.executable, "-c", KILLING.replace("0.002", "30"), str(cache / "set.tar.gz")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    )
    process.stdout.readline()
    process.stdin.write("0.2\n")
    process.stdout.readline()
    started = time.monotonic()
    archives.unpack(cache / "set.tar.gz")
    assert time.monotonic() - started < 3
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert unpacked(cache / "set") == "whole"
