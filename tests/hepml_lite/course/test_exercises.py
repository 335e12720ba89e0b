import textwrap

import pytest

from hepml_lite.course.exercises import find_exercises, solved, stub
from hepml_lite.course.source import read_source


def code(text):
    return textwrap.dedent(text).strip("\n")


IN_FUNCTION = code("""
    def f(x):
        '''Twice.'''
        # BEGIN SOLUTION
        y = 2 * x
        return y
        # END SOLUTION
""")
AT_TOP = code("""
    # BEGIN SOLUTION
    a, b = 1, 2
    a += b
    # END SOLUTION
    print(a)
""")
IN_CLASS = code("""
    class Net:
        size = 3
        # BEGIN SOLUTION
        def forward(self):
            return 1
        # END SOLUTION
""")
INLINE = "cut = ...  # SOLUTION: 1 / 3"


def test_body_of_a_function_raises_only_when_called():
    text = stub(IN_FUNCTION)
    assert "2 * x" not in text
    names = {}
    exec(text, names)
    with pytest.raises(NotImplementedError):
        names["f"](1)


def test_region_elsewhere_leaves_names_open():
    assert stub(AT_TOP) == "# Your code here\na = ...\nb = ...\nprint(a)"
    assert stub(IN_CLASS).splitlines()[-2:] == ["    # Your code here", "    forward = ..."]


def test_inline_solution():
    assert stub(INLINE) == "cut = ...  # Your code here"
    assert solved(INLINE) == "cut = 1 / 3"


@pytest.mark.parametrize("text", [IN_FUNCTION, AT_TOP, IN_CLASS, INLINE])
def test_stub_and_solution_are_python_without_markers(text):
    for version in (stub(text), solved(text)):
        compile(version, "cell", "exec")
        assert "SOLUTION" not in version


def test_solved_runs():
    names = {}
    exec(solved(IN_FUNCTION), names)
    assert names["f"](2) == 4


def test_two_regions_in_one_cell():
    assert stub(f"{AT_TOP}\n{INLINE}\n{IN_FUNCTION}").count("# Your code here") == 3


@pytest.fixture
def find(checkout, add_source):
    return lambda text: find_exercises(read_source(add_source(checkout, "00_start_here", text)))


def test_exercise_is_found_with_its_cell(find, source):
    assert [(exercise.id, exercise.cell) for exercise in find(source)] == [("9.1", 4)]


def test_check_in_the_cell_of_the_exercise(find, source):
    extra = f'\n# %%\n{INLINE}\ncut = check("9.2", cut)\n'
    assert [exercise.id for exercise in find(source + extra)] == ["9.1", "9.2"]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("    # END SOLUTION\n", "", r"py:27 \(cell 5\): '# BEGIN SOLUTION' without"),
        ("    # BEGIN SOLUTION\n", "", r"py:29 \(cell 5\): '# END SOLUTION' without"),
        ("    fraction = ", "    # BEGIN SOLUTION\n    fraction = ", "end the first one"),
        ("N_EVENTS = 10", "N_EVENTS = 10  # SOLUTION: 5", "write it as 'x = ...  # SOLUTION:"),
        ('check("9.1", efficiency)', "efficiency", r"\(cell 5\): an exercise without a check"),
        ("# %%\nefficiency = ch", "# %%\nx = 1\n\n# %%\nefficiency = ch", "without a check"),
        ("    # BEGIN SOLUTION\n", "    # x\n", "'# END SOLUTION' without"),
        (
            "# Divide.",
            "# Divide.\n\n# %% [markdown]\n# Well.\n\n# %% [markdown] tags=['hint']\n# No.",
            "hint goes directly",
        ),
    ],
)
def test_broken_exercise_names_place_and_remedy(find, source, old, new, words):
    assert old in source
    with pytest.raises(ValueError, match=words):
        find(source.replace(old, new))


def test_check_without_exercise(find, source):
    with pytest.raises(ValueError, match=r"\(cell 10\): check\('9.3'\) without an exercise"):
        find(source + '\n# %%\nx = check("9.3", 1)\n')


def test_number_used_twice(find, source):
    with pytest.raises(ValueError, match=r"'9\.1' is already in cell 5"):
        find(source + f'\n# %%\n{INLINE}\ncut = check("9.1", cut)\n')
