"""OmniFold_Big: lines of text become pairs of the same event."""

import numpy as np
import pytest

from data_fetch.public import layouts
from data_fetch.public.layouts import omnifold_big

JET = "{pt} 0.3 1.2 {mass} 0.2 0.08 0.05 0.03 0.02 {groomed} {zg} {n}"


def line(event, level, pt=200.0, mass=20.0, groomed=10.0, zg="0.3", n=25):
    return f"{event} {level} 251.5 " + JET.format(pt=pt, mass=mass, groomed=groomed, zg=zg, n=n)


def write(path, *lines):
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def published(tmp_path):
    lines = []
    for event in range(30):
        lines += [line(event, "reco", 190 + event), line(event, "truth", 200 + event)]
    lines.insert(10, line(99, "truth"))  # no jet in the detector
    lines.insert(21, line(98, "reco"))  # nor here at the level of particles
    return write(tmp_path / "OmniFold_Big_1.txt", *lines)


def test_both_levels_of_an_event_meet(published):
    pair = layouts.read("omnifold_big", published)
    assert layouts.count("omnifold_big", published) == len(pair) == 30
    truth, measured = pair.columns("pt")
    np.testing.assert_array_equal(truth[:, 0], 200 + np.arange(30))
    np.testing.assert_array_equal(measured[:, 0], 190 + np.arange(30))
    values = dict(zip(pair.quantities, pair.truth[0], strict=True))
    assert values["mass"] == 20
    assert values["multiplicity"] == 25
    assert values["width"] == pytest.approx(0.2)
    assert values["tau21"] == pytest.approx(0.4)
    assert values["ln_rho"] == pytest.approx(2 * np.log(10 / 200))
    assert values["zg"] == pytest.approx(0.3)


def test_a_number_that_comes_again_is_another_event(tmp_path):
    path = write(
        tmp_path / "x.txt",
        *[line(0, "reco", 100), line(0, "truth", 110), line(0, "reco", 120), line(0, "truth", 130)],
    )
    truth, measured = omnifold_big.read(path).columns("pt")
    assert truth[:, 0].tolist() == [110, 130]
    assert measured[:, 0].tolist() == [100, 120]


def test_a_jet_without_a_splitting(tmp_path):
    one = line(0, "reco", groomed=0.0, zg="-nan", n=1)
    pair = omnifold_big.read(write(tmp_path / "x.txt", one, line(0, "truth")))
    values = dict(zip(pair.quantities, pair.measured[0], strict=True))
    assert values["zg"] == 0
    assert values["ln_rho"] == -14


@pytest.mark.parametrize(("start", "stop"), [(0, 7), (13, 18), (25, None), (28, 99), (30, 40)])
def test_slices(published, start, stop):
    whole, part = omnifold_big.read(published), omnifold_big.read(published, start, stop)
    np.testing.assert_array_equal(part.truth, whole.truth[start:stop])


def test_what_comes_after_the_slice_is_not_read(published):
    with published.open("a") as file:
        file.write("<html>\n")
    assert len(omnifold_big.read(published, 0, 30)) == 30
    with pytest.raises(ValueError, match=r"OmniFold_Big_1\.txt, line 63: expected 15 columns"):
        omnifold_big.read(published)


@pytest.mark.parametrize("wrong", [line(0, "gen"), line(0, "reco", "x"), line(0, "reco")[:-3]])
def test_what_is_wrong_is_named(tmp_path, wrong):
    with pytest.raises(ValueError, match=r"x\.txt, line 2"):
        omnifold_big.read(write(tmp_path / "x.txt", line(0, "truth"), wrong))
    with pytest.raises(ValueError, match="from its beginning"):
        omnifold_big.read(tmp_path / "x.txt", -3)
