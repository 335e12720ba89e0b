"""A student's copy of the notebooks, from a checkout and from the wheel."""

import nbformat
import pytest

from hepml_lite.course import handing_out, paths
from hepml_lite.course.build import Course


@pytest.fixture
def course(checkout, add_source, source):
    """A built checkout of two notebooks."""
    second = source.replace('"9.1"', '"9.2"').replace("curve.png", "../curve.png")
    add_source(checkout, "tutorials/01_jets", second)
    Course(checkout).write()
    return checkout


@pytest.fixture
def wheel(course, tmp_path, monkeypatch):
    """The command sees the course where a wheel has it, and is called in an empty folder."""
    package = tmp_path / "site-packages" / "hepml_lite"
    package.mkdir(parents=True)
    course.rename(package / "course_files")
    monkeypatch.setattr(paths, "_package", package)
    for module in (paths, handing_out):
        monkeypatch.setattr(module, "in_wheel", package / "course_files")
    here = tmp_path / "student"
    here.mkdir()
    monkeypatch.chdir(here)
    return package / "course_files"


def test_a_copy_shows_its_pictures_and_has_the_course_s_links(course, tmp_path):
    copied = handing_out.copy_course(course, tmp_path / "mine", [])
    assert [c.target.relative_to(tmp_path / "mine").as_posix() for c in copied] == [
        "00_start_here.ipynb",
        "tutorials/01_jets.ipynb",
    ]
    for each in copied:
        notebook = nbformat.read(each.target, as_version=4)
        nbformat.validate(notebook)
        assert "curve.png" in notebook.cells[0].attachments


def test_what_a_student_wrote_is_never_lost(course, tmp_path):
    mine = tmp_path / "mine"
    handing_out.copy_course(course, mine, [])
    start, jets = mine / "00_start_here.ipynb", mine / "tutorials" / "01_jets.ipynb"
    fresh = jets.read_text()
    start.write_text("my work")
    jets.write_text("my work on jets")

    again = handing_out.copy_course(course, mine, [])
    assert [copied.written for copied in again] == [False, False]
    assert (start.read_text(), jets.read_text()) == ("my work", "my work on jets")

    for number in (1, 2):
        kept, reset = handing_out.copy_course(course, mine, ["jets"])
        assert not kept.written
        assert start.read_text() == "my work"
        assert jets.read_text() == fresh
        assert reset.older.name == f"01_jets_mine_{number}.ipynb"
        assert reset.older.read_text() == ("my work on jets" if number == 1 else fresh)


def test_wrong_name_copies_nothing(course, tmp_path):
    with pytest.raises(ValueError, match="no notebook 'flows'"):
        handing_out.copy_course(course, tmp_path / "mine", ["flows"])
    assert not (tmp_path / "mine").exists()


def test_folder_of_the_authors_is_refused(course):
    with pytest.raises(ValueError, match="folder of your own"):
        handing_out.copy_course(course, course / "notebooks", ["start_here"])


def test_notebook_that_was_not_built_is_named(checkout, tmp_path):
    with pytest.raises(FileNotFoundError, match="hepml course build"):
        handing_out.copy_course(checkout, tmp_path / "mine", [])


def test_the_wheel_opens_and_runs_the_copy_not_itself(wheel, monkeypatch, tmp_path):
    with pytest.raises(FileNotFoundError, match="hepml notebooks DIR"):
        paths.folder_to_open()
    with pytest.raises(FileNotFoundError, match="clone the repository"):
        paths.checkout()
    assert paths.find_notebook("jets") == wheel / "notebooks" / "tutorials" / "01_jets.ipynb"
    assert paths.output_folder() == tmp_path / "student" / "output"

    handing_out.copy_course(paths.root(), tmp_path / "mine", [])
    monkeypatch.chdir(tmp_path / "mine" / "tutorials")
    mine = tmp_path / "mine" / "tutorials" / "01_jets.ipynb"
    assert paths.find_notebook("jets") == mine
    assert paths.find_notebook("01_jets.ipynb") == mine
    assert paths.course_name(mine) == "tutorials/01_jets"
    assert paths.folder_to_open() == (tmp_path / "mine", "00_start_here.ipynb")
    assert paths.output_folder() == tmp_path / "mine" / "output"


def test_the_doctor_tells_what_is_missing(wheel, tmp_path, monkeypatch):
    whole, no_copy = handing_out.findings()
    assert whole.ok
    assert whole.what.startswith("2 notebooks")
    assert not no_copy.ok
    assert not no_copy.required
    assert "hepml notebooks DIR" in no_copy.remedy

    (wheel / "notebooks" / "00_start_here.ipynb").unlink()
    missing, *_ = handing_out.findings()
    assert not missing.ok
    assert missing.required
    assert "00_start_here" in missing.what
    assert "pip install" in missing.remedy

    wheel.rename(tmp_path / "gone")
    (missing,) = handing_out.findings()
    assert missing.required
    assert "without the course's notebooks" in missing.what


def test_a_file_outside_of_the_course_needs_no_course(wheel, tmp_path):
    own = tmp_path / "own.ipynb"
    own.write_text("{}")
    wheel.rename(tmp_path / "gone")
    assert paths.find_notebook(str(own)) == own
    assert paths.course_name(own) == "own"
    with pytest.raises(FileNotFoundError, match="there is no file"):
        paths.find_notebook(str(tmp_path / "other.ipynb"))
