"""The map links what is there and says what is not."""

from hepml_lite.course.themes import THEMES, course_map


def test_map_links_the_notebooks_that_exist(tmp_path):
    (tmp_path / "tutorials").mkdir()
    (tmp_path / "tutorials" / "02_tagging.ipynb").touch()
    text = course_map(tmp_path).data
    assert "[open](tutorials/02_tagging.ipynb) | in preparation" in text
    assert text.count("in preparation") == 2 * len(THEMES) - 1


def test_themes_are_numbered_in_order():
    assert [theme.number for theme in THEMES] == list(range(1, 8))
