import json

import nbformat
import pytest

from hepml_lite.course.build import Course, as_text
from hepml_lite.course.source import has_tag


@pytest.fixture
def built(checkout):
    Course(checkout).write()
    return checkout / "notebooks" / "00_start_here.ipynb"


def cells(path, tag):
    notebook = nbformat.read(path, as_version=4)
    return [cell for cell in notebook.cells if has_tag(cell, tag)]


def with_output(path, text="0.25\n"):
    """Store an output in the compared cell, as executing does."""
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if has_tag(cell, "nbval-check-output"))
    cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text)]
    cell.execution_count = 17
    path.write_text(nbformat.writes(notebook))


def test_students_see_stub_hints_and_solution_in_this_order(built):
    notebook = nbformat.read(built, as_version=4)
    start = next(n for n, cell in enumerate(notebook.cells) if "def efficiency" in cell.source)
    stub, first, second, solution, check = (c.source for c in notebook.cells[start : start + 5])
    assert "passed / total" not in stub
    assert first == "<details><summary>Hint 1</summary>\n\nHow many passed?\n\n</details>"
    assert "Hint 2" in second
    assert "```python\ndef efficiency" in solution
    assert "fraction = passed / total" in solution
    assert check == 'efficiency = check("9.1", efficiency)'


def test_header_stands_under_the_title(built):
    notebook = nbformat.read(built, as_version=4)
    assert notebook.cells[0].source.startswith("# Efficiencies")
    assert "not measured yet" in notebook.cells[1].source


def test_rebuilding_changes_nothing(built, checkout):
    with_output(built)
    Course(checkout).write()
    before = built.read_bytes()
    assert Course(checkout).write() == []
    assert Course(checkout).stale() == []
    assert built.read_bytes() == before


def test_metadata_of_the_author_s_machine_does_not_come_along(built, checkout, add_source, source):
    tagged = source.replace('tags=["parameters"]', 'tags=["parameters"] collapsed=true')
    add_source(checkout, "00_start_here", tagged)
    assert Course(checkout).stale() == []
    assert set(json.loads(built.read_text())["metadata"]) == {"kernelspec", "language_info"}


def test_inserted_cell_leaves_the_ids_of_the_others(built, checkout, add_source, source):
    before = {cell.id for cell in nbformat.read(built, as_version=4).cells}
    add_source(checkout, "00_start_here", source.replace("# %%\nfrom", "# %%\nx = 1\n\n# %%\nfrom"))
    Course(checkout).write()
    after = {cell.id for cell in nbformat.read(built, as_version=4).cells}
    assert before < after


def test_changed_source_is_stale(built, checkout, add_source, source):
    add_source(checkout, "00_start_here", source.replace("SEED = 1", "SEED = 2"))
    assert Course(checkout).stale() == [built]


def test_notebook_without_source_is_stale(built, checkout):
    orphan = built.with_name("99_old.ipynb")
    orphan.write_text(built.read_text())
    assert Course(checkout).stale() == [orphan]


def test_output_is_kept_only_in_compared_cells_of_the_same_code(
    built, checkout, add_source, source
):
    with_output(built)
    notebook = nbformat.read(built, as_version=4)
    notebook.cells[4].outputs = [nbformat.v4.new_output("stream", text="of an untagged cell")]
    built.write_text(nbformat.writes(notebook))
    Course(checkout).write()
    assert cells(built, "nbval-check-output")[0].outputs[0].text == "0.25\n"
    assert "untagged cell" not in built.read_text()

    add_source(checkout, "00_start_here", source.replace(":.2f", ":.3f"))
    Course(checkout).write()
    assert cells(built, "nbval-check-output")[0].outputs == []
    assert Course(checkout).nothing_to_compare() == ["00_start_here"]


@pytest.mark.notebook
def test_executing_makes_the_compared_outputs_anew(built, checkout):
    with_output(built, "wrong\n")
    assert Course(checkout).remake_outputs() == []
    assert cells(built, "nbval-check-output")[0].outputs[0].text == "0.25\n"
    assert Course(checkout).stale() == []


def test_student_copy_has_hints_but_no_solution(checkout, tmp_path):
    course = Course(checkout)
    (copy,) = course.export(tmp_path / "out", course.student)
    assert "fraction = passed" not in copy.read_text()
    assert len(cells(copy, "hint")) == 2


def test_solved_copy_is_solved(checkout, tmp_path):
    course = Course(checkout)
    (copy,) = course.export(tmp_path / "out", course.solved)
    code = [c.source for c in nbformat.read(copy, as_version=4).cells if c.cell_type == "code"]
    assert any("fraction = passed / total" in text for text in code)
    assert not any("Your code here" in text for text in code)


def test_copy_carries_its_pictures(checkout, tmp_path):
    course = Course(checkout)
    (copy,) = course.export(tmp_path / "out", course.student)
    title = nbformat.read(copy, as_version=4).cells[0]
    assert "![a curve that rises](attachment:curve.png)" in title.source
    assert "image/png" in title.attachments["curve.png"]


def test_number_used_in_two_notebooks(checkout, add_source, source):
    add_source(checkout, "tutorials/01_jets", source)
    with pytest.raises(ValueError, match=r"01_jets.*'9\.1' is already in .*00_start_here"):
        Course(checkout)


def test_checkout_without_sources(checkout):
    (checkout / "notebooks" / "source" / "00_start_here.py").unlink()
    with pytest.raises(FileNotFoundError, match="has no notebook"):
        Course(checkout)


def test_text_is_valid_notebook(checkout):
    course = Course(checkout)
    notebook = json.loads(as_text(course.built(course.order[0])))
    assert notebook["cells"]
    nbformat.validate(notebook)
