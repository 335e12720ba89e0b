import nbformat
import pytest

from hepml_lite.course.build import Course
from hepml_lite.course.guards import problems


@pytest.fixture
def broken(checkout):
    """Return a function that changes the built notebook and gives what the guards say."""
    Course(checkout).write()
    path = checkout / "notebooks" / "00_start_here.ipynb"
    notebook = nbformat.read(path, as_version=4)
    compared = next(cell for cell in notebook.cells if "print(" in cell.source)
    compared.outputs = [nbformat.v4.new_output("stream", name="stdout", text="0.25\n")]
    compared.execution_count = 5

    def change(change=lambda notebook, compared: None):
        change(notebook, compared)
        path.write_text(nbformat.writes(notebook))
        return "\n".join(problems(path))

    return change


def markdown(text):
    return lambda notebook, _: notebook.cells.append(nbformat.v4.new_markdown_cell(text))


def code(text, **keywords):
    return lambda notebook, _: notebook.cells.append(nbformat.v4.new_code_cell(text, **keywords))


def test_good_notebook_has_no_problems(broken):
    assert broken() == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda notebook, compared: compared.outputs.clear(), "has no stored output"),
        (lambda notebook, compared: compared.update(execution_count=None), "no stored output"),
        (code("1", execution_count=1), "has an output but no tag"),
        (code("x = 1\n" * 26), "has 26 lines, allowed are 25"),
        (code("#" * 100_000), "allowed are 100000"),
        (lambda notebook, _: notebook.cells.pop(4), "sets PROFILE"),
        (markdown("![](curve.png)"), "without alternative text"),
        (markdown('<img src="curve.png">'), "without alternative text"),
        (markdown('<img src="curve.png" alt=" ">'), "without alternative text"),
        (markdown("[next](tutorials/99_gone.ipynb#top)"), "tutorials/99_gone.ipynb"),
        (markdown("![a picture](gone.png)"), "gone.png, which is not there"),
    ],
)
def test_loss_is_noticed(broken, change, words):
    assert words in broken(change)


@pytest.mark.parametrize(
    "change",
    [
        markdown('![a curve](curve.png) <img alt="a curve" src="curve.png">'),
        markdown("[paper](https://arxiv.org/abs/1902.09914) [below](#section)"),
        markdown("`x[0](1)` and $p[i](x)$ and\n```python\ny[0](2)\n```"),
        code("x = 1\n" * 26, metadata={"tags": ["the-code-is-the-lesson"]}),
    ],
)
def test_what_is_fine_is_left_alone(broken, change):
    assert broken(change) == ""
