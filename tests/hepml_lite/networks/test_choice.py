"""The switch between readable and fast paths."""

import pytest

from hepml_lite.networks.fast import choice


@pytest.fixture
def path(monkeypatch):
    """Registers fast paths that are gone after the test."""
    monkeypatch.setattr(choice, "_checks", {})
    monkeypatch.setattr(choice, "_problems", {})
    monkeypatch.delenv(choice.SWITCH, raising=False)
    return choice.register


def broken():
    raise AttributeError("no such operator")


def test_a_path_is_used_unless_its_check_finds_a_problem(path):
    path("good", lambda: None)
    path("wrong", lambda: "wrong numbers")
    path("gone", broken)
    assert [choice.in_use(name) for name in ("good", "wrong", "gone")] == [True, False, False]
    assert [row[:2] for row in choice.report()] == [
        ("gone", "readable"), ("good", "fast"), ("wrong", "readable"),
    ]  # fmt: skip
    reasons = {name: reason for name, _, reason in choice.report()}
    assert "AttributeError: no such operator" in reasons["gone"]
    assert "wrong numbers" in reasons["wrong"]


def test_a_check_is_made_once_and_again_on_request(path):
    calls = []
    path("counted", lambda: calls.append(1))
    assert choice.in_use("counted")
    assert choice.in_use("counted")
    assert len(calls) == 1
    choice.check_again()
    assert choice.in_use("counted")
    assert len(calls) == 2


def test_the_readable_path_can_be_chosen(path, monkeypatch):
    path("good", lambda: None)
    with choice.readable():
        with choice.readable():
            pass
        assert not choice.in_use("good")
        assert "readable()" in choice.report()[0][2]
    assert choice.in_use("good")
    with pytest.raises(KeyError), choice.readable():
        raise KeyError
    assert choice.in_use("good")
    monkeypatch.setenv(choice.SWITCH, "1")
    assert not choice.in_use("good")
    assert choice.report() == [("good", "readable", "HEPML_READABLE=1 is set")]


def test_an_unknown_name_is_refused(path):
    path("good", lambda: None)
    with pytest.raises(ValueError, match="'bad': give one of good"):
        choice.in_use("bad")
