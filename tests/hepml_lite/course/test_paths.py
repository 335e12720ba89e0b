import pytest

from hepml_lite.course.paths import entries, find_entry, find_notebook, root


@pytest.fixture
def names(checkout, add_source, source):
    for name in ("explorations/01_jets", "tutorials/01_jets", "tutorials/02_tagging"):
        add_source(checkout, name, source)
    return checkout


def test_reading_order(names):
    expected = [
        "00_start_here",
        "tutorials/01_jets",
        "explorations/01_jets",
        "tutorials/02_tagging",
    ]
    assert [entry.name for entry in entries(names)] == expected


@pytest.mark.parametrize("name", ["start_here", "2_tagging", "tutorials/x_tagging"])
def test_file_without_number_is_refused(checkout, add_source, source, name):
    add_source(checkout, name, source)
    with pytest.raises(ValueError, match="0N_theme"):
        entries(checkout)


def test_root_from_a_folder_inside(checkout, monkeypatch):
    monkeypatch.chdir(checkout / "notebooks")
    assert root() == checkout


@pytest.mark.parametrize("wanted", ["02_tagging", "tagging", "tutorials/02_tagging.ipynb"])
def test_find_by_short_names(names, wanted):
    assert find_entry(wanted, names).name == "tutorials/02_tagging"


def test_unknown_name_lists_all(names):
    with pytest.raises(ValueError, match=r"no notebook 'flows'.*00_start_here, tutorials/01_jets"):
        find_entry("flows", names)


def test_same_name_in_two_folders_asks_which(names):
    with pytest.raises(ValueError, match="tutorials/01_jets, explorations/01_jets"):
        find_entry("01_jets", names)


def test_notebook_not_built_yet(names, monkeypatch):
    monkeypatch.chdir(names)
    with pytest.raises(FileNotFoundError, match="hepml course build"):
        find_notebook("02_tagging")
