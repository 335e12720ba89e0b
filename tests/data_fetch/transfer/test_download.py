"""Downloads from a server that fails in every way: the file comes whole, or not at all."""

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter

import numpy as np
import pytest
from unreliable_server import Fault, Served, running

from data_fetch.transfer import download as module
from data_fetch.transfer import hashes, server_answers
from data_fetch.transfer.download import Wanted, download

BODY = np.random.default_rng(0).bytes(300_000)
OTHER = np.random.default_rng(1).bytes(300_000)
MD5 = f"md5:{hashlib.md5(BODY).hexdigest()}"
SHA256 = f"sha256:{hashlib.sha256(BODY).hexdigest()}"


@pytest.fixture
def server():
    with running() as server:
        server.files["jets.h5"] = Served(BODY)
        yield server


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(module, "BACKOFF", 0.001)
    monkeypatch.setattr(module, "RESERVE", 0)
    monkeypatch.setattr(server_answers, "TIMEOUT", (1.0, 0.3))
    monkeypatch.setattr(server_answers, "CHUNK", 1 << 13)


@pytest.fixture
def target(tmp_path):
    return tmp_path / "public" / "jets.h5"


def fetch(server, target, names=("jets.h5",), size=None, expected=MD5):
    download(Wanted(target, [server.url(name) for name in names], size, expected), progress=False)


def visible(target):
    return sorted(p.name for p in target.parent.iterdir() if not p.name.startswith("."))


@pytest.mark.parametrize("expected", [MD5, SHA256])
def test_an_honest_server(server, target, expected):
    fetch(server, target, expected=expected)
    assert target.read_bytes() == BODY
    assert visible(target) == ["jets.h5"]


def test_what_is_there_is_not_asked_for(server, target):
    fetch(server, target)
    fetch(server, target)
    assert len(server.log) == 1


@pytest.mark.parametrize("expected", [MD5, None])
def test_dropped_connections_are_resumed(server, target, expected):
    server.files["jets.h5"].faults = [Fault(drop_after=50_000) for _ in range(5)]
    fetch(server, target, expected=expected)
    assert target.read_bytes() == BODY
    starts = [int(asked[6:-1]) if asked else 0 for _, asked in server.log]
    assert len(starts) == 6
    assert starts == sorted(starts)
    assert starts[-1] > 200_000


def test_a_later_call_goes_on_where_the_first_gave_up(server, target, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    server.files["jets.h5"].faults = [Fault(drop_after=200_000), Fault(status=503)]
    with pytest.raises(ConnectionError, match=r"jets\.h5.*503.*bytes are kept"):
        fetch(server, target)
    assert visible(target) == ["jets.h5.part", "jets.h5.part.json"]
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert visible(target) == ["jets.h5"]
    assert int(server.log[-1][1][6:-1]) > 150_000


@pytest.mark.parametrize("expected", [MD5, None])
@pytest.mark.parametrize("etag", ['"1"', 'W/"1"', None])
def test_a_server_without_ranges_is_asked_again_from_the_start(server, target, expected, etag):
    server.files["jets.h5"] = Served(BODY, etag, [Fault(drop_after=99_000), Fault()])
    server.files["jets.h5"].always = Fault(ignore_range=True)
    server.files["jets.h5"].faults[1].ignore_range = True
    fetch(server, target, expected=expected)
    assert target.read_bytes() == BODY


@pytest.mark.parametrize(
    ("before", "after"), [('"1"', '"2"'), ('W/"1"', 'W/"1"'), (None, None), ('"1"', None)]
)
def test_two_versions_are_never_glued_together(server, target, monkeypatch, before, after):
    """The file changes on the server after half of it came; a weak ETag does not tell."""
    monkeypatch.setattr(module, "ATTEMPTS", 1)
    server.files["jets.h5"] = Served(OTHER, before, [Fault(drop_after=150_000)])
    with pytest.raises(ConnectionError):
        fetch(server, target, expected=None)
    server.files["jets.h5"] = Served(BODY, after)
    fetch(server, target, expected=None)
    assert target.read_bytes() == BODY


def test_two_mirrors_are_never_glued_together(server, target, monkeypatch):
    """ETags are of one server: without a hash the next mirror starts from nothing."""
    monkeypatch.setattr(module, "ATTEMPTS", 1)
    server.files["other.h5"] = Served(OTHER, '"1"', [Fault(drop_after=150_000)])
    fetch(server, target, ("other.h5", "jets.h5"), expected=None)
    assert target.read_bytes() == BODY


def test_pieces_that_do_not_fit_are_fetched_again_in_one(server, target):
    target.parent.mkdir()
    target.with_name("jets.h5.part").write_bytes(OTHER[:1000])  # of unknown origin
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert [asked for _, asked in server.log] == ["bytes=1000-", None]


@pytest.mark.parametrize("length", [len(BODY), len(BODY) + 1])
def test_a_complete_or_too_long_part(server, target, length):
    target.parent.mkdir()
    target.with_name("jets.h5.part").write_bytes((BODY + b"x")[:length])
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert len(server.log) == (1 if length == len(BODY) else 2)


def test_a_length_too_long_is_noticed(server, target):
    server.files["jets.h5"].always = Fault(stated_length=len(BODY) + 10, ignore_range=True)
    with pytest.raises(ConnectionError, match="the connection broke"):
        fetch(server, target, expected=None)
    assert not target.exists()


def test_a_length_too_short_is_noticed(server, target):
    server.files["jets.h5"].always = Fault(stated_length=1000)
    with pytest.raises(ConnectionError, match="offers 1,000 bytes; the published file has 300,000"):
        fetch(server, target, size=len(BODY), expected=None)
    with pytest.raises(ValueError, match="should be"):
        fetch(server, target)
    assert not target.exists()


def test_no_length_needs_a_hash_or_a_size(server, target):
    server.files["jets.h5"].always = Fault(no_length=True)
    with pytest.raises(ConnectionError, match="how long"):
        fetch(server, target, expected=None)
    server.files["jets.h5"].faults = [Fault(no_length=True, drop_after=1000)]
    fetch(server, target, size=len(BODY), expected=None)
    assert target.read_bytes() == BODY
    target.unlink()
    fetch(server, target)
    assert target.read_bytes() == BODY


def test_a_wrong_file_is_named_with_both_hashes_and_not_kept(server, target):
    server.files["jets.h5"].always = Fault(body=OTHER)
    found = hashlib.md5(OTHER).hexdigest()
    with pytest.raises(ValueError, match=rf"jets\.h5.*{MD5[4:]}, but is {found}.*try again"):
        fetch(server, target)
    assert visible(target) == []


def test_the_next_mirror_helps(server, target):
    server.files["wrong.h5"] = Served(OTHER)
    server.files["busy.h5"] = Served(BODY, always=Fault(status=500))
    server.files["login.h5"] = Served(
        b"<html>", always=Fault(headers={"Content-Type": "text/html; charset=utf-8"})
    )
    fetch(server, target, ("missing.h5", "busy.h5", "login.h5", "wrong.h5", "jets.h5"))
    assert target.read_bytes() == BODY


def test_a_mirror_goes_on_where_another_broke_off(server, target, monkeypatch):
    monkeypatch.setattr(module, "ATTEMPTS", 2)
    server.files["breaks.h5"] = Served(BODY, '"a"', [Fault(drop_after=200_000)], Fault(status=503))
    fetch(server, target, ("breaks.h5", "jets.h5"))
    assert target.read_bytes() == BODY
    assert int(server.log[-1][1][6:-1]) > 150_000


def test_every_failure_is_listed(server, target):
    server.files["login.h5"] = Served(
        b"<html>", always=Fault(headers={"Content-Type": "text/html"})
    )
    with pytest.raises(ConnectionError, match=r"missing\.h5: answered 404.*login\.h5: .*log-in"):
        fetch(server, target, ("missing.h5", "login.h5"))
    assert len(server.log) == 2  # neither is worth a second try
    assert visible(target) == []


def test_busy_servers_are_asked_again_after_the_time_they_name(server, target, monkeypatch):
    waits = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    date = "Wed, 21 Oct 2099 07:28:00 GMT"
    server.files["jets.h5"].faults = [
        Fault(status=429, headers={"Retry-After": "7"}),
        Fault(status=503, headers={"Retry-After": date}),
        Fault(status=500),
        Fault(status=429, headers={"Retry-After": "soon"}),
    ]
    fetch(server, target)
    assert waits == [7, module.LONGEST_WAIT, 0.004, 0.008]


def test_attempts_end(server, target):
    server.files["jets.h5"].always = Fault(status=503)
    with pytest.raises(ConnectionError, match="busy"):
        fetch(server, target)
    assert len(server.log) == module.ATTEMPTS


def test_a_silent_server_is_not_waited_for(server, target):
    server.files["jets.h5"].faults = [Fault(pause=0.6)]
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert len(server.log) == 2


def test_without_a_network_one_quick_line(target, monkeypatch):
    monkeypatch.setattr(module.time, "sleep", lambda _: pytest.fail("nothing to wait for"))
    started = time.monotonic()
    urls = ["http://127.0.0.1:1/jets.h5", "http://nowhere.invalid/jets.h5"]
    with pytest.raises(ConnectionError) as caught:
        download(Wanted(target, urls, None, MD5), progress=False)
    message = str(caught.value)
    assert all(f"{url}: cannot be reached" in message for url in urls)
    assert "everything bundled" in message
    assert "\n" not in message
    assert time.monotonic() - started < 5


def test_an_unknown_hash_is_recorded_and_told(server, target, capsys):
    fetch(server, target, expected=None)
    assert "unverified" in capsys.readouterr().err
    assert hashes.recorded(target) == SHA256
    assert target.with_name("jets.h5.sha256").read_text() == f"{SHA256[7:]}  jets.h5\n"


def test_too_little_room_is_seen_before_the_first_byte(server, target, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10, 5, 5))
    with pytest.raises(OSError, match=r"needs 0\.00 GB more.*HEPML_DATA"):
        fetch(server, target)
    assert not target.with_name("jets.h5.part").exists()


def test_a_full_disk_keeps_what_came(server, target, monkeypatch):
    real = server_answers.chunks

    def full(response):
        for n, chunk in enumerate(real(response)):
            if n == 10:
                raise OSError(errno.ENOSPC, "No space left on device")
            yield chunk

    monkeypatch.setattr(server_answers, "chunks", full)
    with pytest.raises(OSError, match=r"full; what came.*kept.*make room"):
        fetch(server, target)
    assert visible(target) == ["jets.h5.part", "jets.h5.part.json"]
    monkeypatch.setattr(server_answers, "chunks", real)
    fetch(server, target)
    assert server.log[-1][1] != "bytes=0-"
    assert target.read_bytes() == BODY


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(server, target):
    target.parent.mkdir()
    target.parent.chmod(0o500)
    with pytest.raises(PermissionError, match="HEPML_DATA to a folder of your own"):
        fetch(server, target)


def test_a_read_only_disk_is_explained(server, target, monkeypatch):
    def read_only(*_):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(module, "FileLock", read_only)
    with pytest.raises(PermissionError, match="HEPML_DATA"):
        fetch(server, target)


def test_two_at_once_download_once(server, target, capsys):
    server.files["jets.h5"].always = Fault(pause=0.2)
    threads = [threading.Thread(target=fetch, args=(server, target)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert target.read_bytes() == BODY
    assert len(server.log) == 1
    assert "another process is fetching it" in capsys.readouterr().err


KILLING = """
import os, pathlib, signal, sys, time
from data_fetch.transfer import download, server_answers
download.BACKOFF, download.RESERVE, server_answers.CHUNK = 0.01, 0, 1 << 13
wanted = download.Wanted(pathlib.Path(sys.argv[1]), [sys.argv[2]], None, sys.argv[3] or None)
print("ready", flush=True)
for line in sys.stdin:
    if not (pid := os.fork()):
        try:
            download.download(wanted, progress=False)
        finally:
            os._exit(0)
    time.sleep(float(line))
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    print("killed", flush=True)
"""


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")


@pytest.fixture
def killed_fetch(server, target):
    """Starts a process that fetches, and kills it after some seconds."""
    processes = {}

    def run(seconds, expected):
        if expected not in processes:  # everything is imported once, then forked
            command = [sys.executable, "-c", KILLING, str(target), server.url("jets.h5"), expected]
            processes[expected] = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
            )
            assert processes[expected].stdout.readline() == "ready\n"
        processes[expected].stdin.write(f"{seconds}\n")
        assert processes[expected].stdout.readline() == "killed\n"

    yield run
    for process in processes.values():
        process.communicate()


@forks
@pytest.mark.parametrize("expected", [MD5, ""])
def test_kills_at_random_moments(server, target, killed_fetch, expected):
    """After kill -9 the final name is absent or right, and the next process goes on."""
    server.files["jets.h5"].bytes_per_second = 1_500_000
    outcomes = Counter()
    for delay in np.random.default_rng(2).uniform(0, 0.25, 30):
        killed_fetch(delay, expected)
        outcomes[outcome(target)] += 1
        if target.exists():
            assert target.read_bytes() == BODY
            target.unlink()
            target.with_name("jets.h5.sha256").unlink(missing_ok=True)
    print(dict(outcomes), len(server.log), "requests")
    assert outcomes["part"] > 5
    server.files["jets.h5"].bytes_per_second = None
    fetch(server, target, expected=expected or None)
    assert target.read_bytes() == BODY
    assert sum(asked is not None for _, asked in server.log) > 5


def outcome(target):
    if target.exists():
        return "whole"
    return "part" if target.with_name("jets.h5.part").exists() else "nothing"


@forks
def test_a_dead_owner_does_not_lock_the_others_out(server, target, killed_fetch):
    server.files["jets.h5"].faults = [Fault(pause=30)]
    killed_fetch(0.3, MD5)
    assert len(server.log) == 1
    started = time.monotonic()
    fetch(server, target)
    assert time.monotonic() - started < 3
    assert target.read_bytes() == BODY


@forks
def test_two_processes_download_once(server, target, killed_fetch):
    server.files["jets.h5"].always = Fault(pause=0.25)
    other = threading.Thread(target=killed_fetch, args=(1.0, MD5))  # it is done before it is killed
    other.start()
    while not server.log:
        time.sleep(0.01)
    fetch(server, target)
    assert target.read_bytes() == BODY
    assert len(server.log) == 1
    other.join()
    assert visible(target) == ["jets.h5"]


def test_no_address_at_all(target):
    with pytest.raises(ConnectionError, match="no address known"):
        download(Wanted(target, []), progress=False)
