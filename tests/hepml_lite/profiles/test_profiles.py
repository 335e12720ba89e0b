"""Profiles differ by their sizes alone, and every notebook has all of them."""

import pytest

from hepml_lite import profiles
from hepml_lite.course.paths import entries, root


def test_every_notebook_has_every_profile():
    for entry in entries(root()):
        for profile in profiles.PROFILES:
            assert profiles.sizes(entry.notebook.stem, profile).profile == profile


def test_unknown_names_list_the_known_ones():
    with pytest.raises(ValueError, match=r"'tiny'.*smoke, lesson, paper"):
        profiles.sizes("00_start_here", "tiny")
    with pytest.raises(ValueError, match=r"'99_end'.*00_start_here"):
        profiles.sizes("99_end", "smoke")


def test_sizes_print_what_they_are():
    text = str(profiles.sizes("00_start_here", "lesson"))
    assert "profile: lesson" in text
    assert "train jets: all" in text
