"""Generated samples on disk: slices read alone, damage found, nothing half-written."""

import tracemalloc

import h5py
import numpy as np
import pytest

from data_fetch.packing import storage

CARD = {"container": "Events", "classes": ["a", "b"], "quantities": ["x", "y"]}


def parts(n, size=100):
    """Chunks of rows that know their own number."""
    for first in range(0, n, size):
        row = np.arange(first, first + size, dtype=np.float32)
        yield {"values": np.stack([row, -row], axis=1), "label": (row % 2).astype(np.int64)}


@pytest.fixture
def stored(tmp_path):
    path = tmp_path / "events.h5"
    storage.write(path, parts(1000), 950)
    return path


def test_rows_come_back_in_order_and_counted(tmp_path):
    path = tmp_path / "events.h5"
    counts = storage.write(path, parts(1000), 951)
    assert counts[:3] == [476, 475, 0]
    events = storage.read(path, CARD)
    np.testing.assert_array_equal(events["x"], np.arange(951))
    np.testing.assert_array_equal(events.label, np.arange(951) % 2)


@pytest.mark.parametrize(("start", "stop"), [(0, 10), (95, 205), (940, None), (10, 10)])
def test_a_slice_is_that_of_the_whole(stored, start, stop):
    np.testing.assert_array_equal(
        storage.read(stored, CARD, start, stop)["x"], np.arange(950)[start:stop]
    )


def test_memory_for_a_slice_does_not_grow_with_the_file(tmp_path):
    path = tmp_path / "large.h5"
    storage.write(path, parts(2_000_000, 100_000), 2_000_000)  # 32 MB in memory
    tracemalloc.start()
    storage.read(path, CARD, 1_000_000, 1_000_100)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4e6


def test_wider_chunks_widen_what_was_written(tmp_path):
    def jets():
        for width in (2, 4, 3):
            pt = np.ones((5, width, 3), np.float32)
            yield {"constituents": pt, "mask": pt[..., 0] > 0, "label": np.zeros(5, np.int64)}

    storage.write(tmp_path / "jets.h5", jets(), 15)
    found = storage.read(tmp_path / "jets.h5", {"container": "Jets", "classes": ["a"]})
    assert found.n_constituents.tolist() == [2] * 5 + [4] * 5 + [3] * 5


def test_too_few_rows_leave_nothing(tmp_path):
    with pytest.raises(ValueError, match="900 rows instead of 950"):
        storage.write(tmp_path / "events.h5", parts(900), 950)
    assert not list(tmp_path.iterdir())


def test_every_flipped_bit_in_the_rows_is_found(stored):
    with h5py.File(stored) as file:
        blocks = [file[name].id.get_chunk_info(0) for name in ("values", "label")]
    whole, found = stored.read_bytes(), 0
    for block in blocks:
        for position in np.linspace(0, block.size - 1, 10).astype(int):
            content = bytearray(whole)
            content[block.byte_offset + position] ^= 4
            stored.write_bytes(content)
            with pytest.raises(ValueError, match=r"events\.h5 is damaged.*make it again"):
                storage.read(stored, CARD)
            found += 1
    assert found == 20


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_found(stored, share):
    content = stored.read_bytes()
    stored.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ValueError, match=r"events\.h5 is damaged"):
        storage.read(stored, CARD)


def test_parts_with_and_without_an_array_are_not_joined(tmp_path):
    plain = {"label": np.zeros(5, int)}
    with pytest.raises(ValueError, match=r"parts of \['label'\] and of \['label', 'mass'\]"):
        storage.write(tmp_path / "a.h5", [plain, plain | {"mass": np.ones(5)}], 10)
