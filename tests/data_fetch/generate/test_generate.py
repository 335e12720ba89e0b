"""Generating a sample: the same rows however it is run, and nothing lost or half-made by faults."""

import errno
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from data_fetch import files, samples
from data_fetch.generate import run, sample_files

NAME, N, SIZE = "ee_shapes", 90, 20  # the fastest recipe; the last chunk is cut
pytestmark = [
    pytest.mark.skipif(
        importlib.util.find_spec("pythia8mc") is None, reason="pythia8mc is not installed"
    ),
    pytest.mark.xdist_group("generate"),
]


@pytest.fixture
def home(tmp_path, monkeypatch):
    """An empty data folder, and small chunks."""
    monkeypatch.setenv("HEPML_DATA", str(tmp_path))
    monkeypatch.setattr(run.recipe(NAME), "CHUNK", SIZE)
    return tmp_path


@pytest.fixture(scope="module")
def expected():
    """What every run must give, made without any of the machinery."""
    parts = [run.recipe(NAME).chunk(3, number, SIZE) for number in range(5)]
    return np.concatenate([part.values for part in parts])[:N]


def generate(**arguments):
    return sample_files.generate(NAME, N, seed=3, **arguments)


def script(code, **environment):
    """A new process that sees the same recipe with the same small chunks."""
    prelude = f"from data_fetch.generate import run; run.recipe('{NAME}').CHUNK = {SIZE}\n"
    imports = "from data_fetch.generate import sample_files"
    guarded = f"if __name__ == '__main__':\n    {imports}\n    {code}\n"
    return subprocess.Popen(
        [sys.executable, "-c", prelude + guarded],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


GENERATE = f"sample_files.generate('{NAME}', {N}, seed=3, workers=2)"
# Starting the workers takes longer than all the rows; files are written by the main process anyway
GENERATE_ALONE = GENERATE.replace("workers=2", "workers=1")


def chunk_files(home):
    return sorted(home.glob(f"chunks/{NAME}-seed3-{SIZE}/*.npz"))


def test_unknown_recipe_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"no recipe for 'tops'.*top_tagging"):
        run.recipe("tops")


@pytest.mark.parametrize("how", ["one worker", "two workers", "a scheduler"])
def test_the_rows_do_not_depend_on_who_made_them(home, expected, how):
    if how == "a scheduler":
        from distributed import LocalCluster

        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            sample = generate(scheduler=cluster.scheduler_address)
    else:
        sample = generate(workers=1 if how == "one worker" else 2)
    np.testing.assert_array_equal(sample.rows().values, expected)
    assert sum(sample.card["rows"].values()) == N
    assert not chunk_files(home), "chunks are removed once they are joined"


def test_what_was_generated_is_what_paper_reads_and_any_slice_of_it(home, expected):
    generate()
    found = samples.load(NAME, "paper")
    np.testing.assert_array_equal(found.values, expected)
    assert found.card["seed"] == 3
    train = samples.load(NAME, "paper", "train")
    np.testing.assert_array_equal(train.values, expected[:36])  # 40 % of 90 events
    validation = samples.load(NAME, "paper", "val", rows=slice(2, 7))
    np.testing.assert_array_equal(validation.values, expected[38:43])
    assert len(samples.load(NAME, "paper", "val", rows=slice(100, 200))) == 0


def test_an_interrupted_run_goes_on_with_what_is_missing(home, expected):
    folder = home / "chunks" / f"{NAME}-seed3-{SIZE}"
    run.make_chunks(NAME, 2, 3, folder, size=SIZE)  # all that was finished
    before = {path: path.stat().st_mtime_ns for path in chunk_files(home)}
    seen = {}
    read = files.read_arrays

    def watched(path):
        seen[path] = path.stat().st_mtime_ns
        return read(path)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "read_arrays", watched)
        sample = generate()
    assert len(seen) == 5
    assert before.items() <= seen.items(), "finished chunks were made again"
    np.testing.assert_array_equal(sample.rows().values, expected)


def test_killed_at_any_moment_nothing_is_lost_and_nothing_wrong_is_loaded(home, expected):
    kept, outcomes = 0, {"killed": 0, "finished": 0}
    for delay in (1.5, 3.0, 3.6, 4.2, 4.8):
        process = script(GENERATE)
        try:
            process.wait(delay)
            outcomes["finished"] += 1
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            outcomes["killed"] += 1
        sample = samples.generated(NAME)
        if sample.is_complete:
            sample.verify()
            np.testing.assert_array_equal(sample.rows().values, expected)
        else:
            assert len(chunk_files(home)) >= kept, "a finished chunk was lost"
            kept = len(chunk_files(home))
        for path in chunk_files(home):
            files.read_arrays(path)  # whole, or it would raise
    assert sum(outcomes.values()) == 5
    assert outcomes["killed"] >= 1
    np.testing.assert_array_equal(generate().rows().values, expected)


def test_two_runs_of_the_same_sample_make_it_once(home, expected):
    both = [script(GENERATE_ALONE) for _ in range(2)]
    for process in both:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    sample = samples.generated(NAME)
    sample.verify()
    np.testing.assert_array_equal(sample.rows().values, expected)
    assert not chunk_files(home)


@pytest.mark.parametrize("limit", [500, 3000, 20_000])
def test_a_full_disk_keeps_what_was_made_and_leaves_no_torn_file(home, expected, limit):
    """A limit on the size of files stands for the full disk: a write fails at any byte."""
    folder = home / "chunks" / f"{NAME}-seed3-{SIZE}"
    run.make_chunks(NAME, 3, 3, folder, size=SIZE)
    arrays = files.read_arrays(chunk_files(home)[0])
    code = f"import resource; resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit})); "
    process = script(code + GENERATE_ALONE)
    _, errors = process.communicate(timeout=120)
    assert process.returncode != 0
    assert "Error" in errors.splitlines()[-1]
    assert len(chunk_files(home)) >= 3
    for key, array in files.read_arrays(chunk_files(home)[0]).items():
        np.testing.assert_array_equal(array, arrays[key])
    assert not samples.generated(NAME).is_complete
    assert not list(home.glob("**/.*")), "temporary files were left"
    np.testing.assert_array_equal(generate().rows().values, expected)


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_made(home):
    blocked = home / "generated"
    blocked.write_text("a file where the folder should be")
    with pytest.raises(OSError, match=r"generated cannot be written .*folder of your own"):
        generate()
    assert not chunk_files(home)


def test_rows_that_could_not_be_written_are_not_lost(home, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(sample_files.storage, "write", full)
        with pytest.raises(OSError, match=r"Finished chunks stay in .*same command again"):
            generate()
    assert len(chunk_files(home)) == 5
    assert len(generate().rows()) == N


def test_a_damaged_chunk_is_found_and_made_again(home, expected):
    folder = home / "chunks" / f"{NAME}-seed3-{SIZE}"
    run.make_chunks(NAME, 5, 3, folder, size=SIZE)
    victim = chunk_files(home)[2]
    victim.write_bytes(victim.read_bytes()[:-40])
    with pytest.raises(ValueError, match=r"000002\.npz was damaged.*same command again"):
        generate()
    np.testing.assert_array_equal(generate().rows().values, expected)


def test_a_sample_without_its_card_does_not_count(home):
    generate().card_path.unlink()
    with pytest.raises(FileNotFoundError, match="hepml data generate ee_shapes"):
        samples.load(NAME, "paper")


def test_moving_the_data_folder_moves_what_is_found(home, expected, monkeypatch, tmp_path):
    generate()
    monkeypatch.setenv("HEPML_DATA", str(tmp_path / "elsewhere"))
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        samples.load(NAME, "paper")
    shutil.copytree(home / "generated", tmp_path / "elsewhere" / "generated")
    np.testing.assert_array_equal(samples.load(NAME, "paper").values, expected)


def test_bundling_packs_the_generated_rows(home, expected, tmp_path):
    sample = sample_files.bundle(NAME, N, 3, 1, tmp_path / "here")
    sample.verify()
    rows = sample.rows()
    steps = np.array([sample.card["precision"][name] for name in rows.quantities])
    assert (np.abs(rows.values - expected) < 0.51 * steps).all()
    assert sample.card["command"].endswith("--seed 3 --packed")
    assert sample_files.agreement(sample, N) == 1


def test_the_wrong_scheduler_is_named(home, monkeypatch):
    monkeypatch.setattr(run, "CONNECT", "1s")
    with pytest.raises(ValueError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        generate(scheduler="tcp://127.0.0.1:9")


@pytest.mark.parametrize(("n", "workers"), [(0, 1), (10, 0)])
def test_nothing_is_made_of_nothing(home, n, workers):
    with pytest.raises(ValueError, match="at least 1"):
        sample_files.generate(NAME, n, workers=workers)


@pytest.mark.parametrize("absent", ["pythia8mc", "distributed"])
def test_the_message_names_what_is_not_installed(absent, home):
    code = (
        f"import sys; sys.modules['{absent}'] = None\n"
        "from data_fetch import load; load('top_tagging', 'smoke')\n"
        "from data_fetch.generate import sample_files\n"
        f"sample_files.generate('{NAME}', 1000, workers=2)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"pip install {absent}" in done.stderr.splitlines()[-1]


def test_progress_says_rate_and_time_left(home, capsys):
    generate()
    shown = capsys.readouterr().err
    assert f"{NAME}: 100%" in shown
    assert "row/s" in shown


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="Windows")
@pytest.mark.parametrize("moment", ["starting", "working"])
def test_an_interrupt_ends_workers_without_a_traceback(moment):
    """A terminal sends Ctrl-C to the whole group of processes."""
    code = (
        "import signal, sys, time\n"
        "from data_fetch.generate import run\n"
        "from distributed import as_completed\n"
        "if __name__ == '__main__':\n"
        # a test in the background of a shell inherits that interrupts are ignored
        "    signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "    try:\n"
        "        print('starting', flush=True)\n"
        "        with run._cluster(2, None) as client:\n"
        "            tasks = as_completed(client.map(time.sleep, [60, 60]))\n"
        "            print('working', flush=True)\n"
        "            next(tasks)\n"
        "    except KeyboardInterrupt:\n"
        "        sys.exit(130)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    ) as process:  # fmt: skip
        while process.stdout.readline().strip() != moment:
            pass
        time.sleep(0.5)
        os.killpg(process.pid, signal.SIGINT)
        told = process.stderr.read()
    assert told == ""
    assert process.returncode == 130
