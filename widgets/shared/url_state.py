"""A dashboard's state as the query of a URL and back, so that a view can be shared."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

import param

PAGE = ("hide", "theme", "zoom")  # names in the query that are for the page, not for a control
THEMES = ("default", "dark")
LOWEST_ZOOM = 0.5
HIGHEST_ZOOM = 3.0
LONGEST_SHOWN = 80  # characters of a value in a message


def state_names(dashboard: param.Parameterized | type[param.Parameterized]) -> list[str]:
    """The parameters that make up the state: all but `name` and the buttons."""
    parameters = dashboard.param
    return [p for p in parameters if p != "name" and not isinstance(parameters[p], param.Event)]


def encode(state: dict[str, Any]) -> str:
    """The query of a URL, as `window=140,210&equal=1`, without the question mark."""
    return urlencode({name: _to_text(value) for name, value in state.items()}, safe=",")


def decode(
    dashboard: type[param.Parameterized], query: Iterable[tuple[str, str]]
) -> tuple[dict[str, Any], list[str]]:
    """State from (name, text) pairs, and one sentence on each pair that was left out.

    Names of `PAGE` belong to the page; its values are checked by `page_options`.
    """
    state: dict[str, Any] = {}
    problems = []
    for name, text in query:
        if name in PAGE:
            continue
        try:
            state[name] = _checked(dashboard, name, text)
        except (ValueError, TypeError, KeyError):
            shown = f"{name}={text}" if len(text) <= LONGEST_SHOWN else f"{name}={text[:20]}…"
            problems.append(f"{shown} in the address was ignored: {_allowed(dashboard, name)}.")
    return state, problems


def page_options(
    dashboard: type[param.Parameterized], query: Mapping[str, str]
) -> tuple[tuple[str, ...], list[str]]:
    """The controls that `hide` names, and one sentence on each option that was left out."""
    controls = [name for name in dashboard.param if name != "name"]
    asked = [name for name in query.get("hide", "").split(",") if name]
    hidden = tuple(name for name in asked if name in controls)
    problems = []
    if len(hidden) < len(asked):
        unknown = ", ".join(name for name in asked if name not in controls)
        problems.append(
            f"hide={unknown} in the address was ignored: allowed are {_list(controls)}."
        )
    theme = query.get("theme", "default")
    if theme not in THEMES:
        problems.append(f"theme={theme} in the address was ignored: allowed are {_list(THEMES)}.")
    if zoom_factor(query.get("zoom", "1")) is None:
        allowed = f"allowed is a number from {LOWEST_ZOOM:g} to {HIGHEST_ZOOM:g}"
        problems.append(f"zoom={query['zoom']} in the address was ignored: {allowed}.")
    return hidden, problems


def zoom_factor(text: str) -> float | None:
    """The number in `?zoom=`; None for what is not a number or out of range."""
    try:
        factor = float(text)
    except ValueError:
        return None
    return factor if LOWEST_ZOOM <= factor <= HIGHEST_ZOOM else None


def _checked(dashboard: type[param.Parameterized], name: str, text: str) -> Any:
    """The value of a control, which the dashboard accepts.

    Raises:
        KeyError: if there is no such control, or choice.
        ValueError: if the value is not allowed.
    """
    if name not in state_names(dashboard):
        raise KeyError(name)
    value = _from_text(dashboard.param[name], text)
    dashboard(**{name: value})
    return value


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)


def _to_text(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(map(_to_text, value))
    if isinstance(value, bool):
        return "1" if value else "0"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _from_text(parameter: param.Parameter, text: str) -> Any:
    if isinstance(parameter, param.Boolean):
        return {"1": True, "0": False}[text]
    if isinstance(parameter, param.Selector):
        return {_to_text(choice): choice for choice in parameter.objects}[text]
    if isinstance(parameter, param.Range):
        return tuple(float(part) for part in text.split(","))
    if isinstance(parameter, param.Integer):
        return int(text)
    return float(text) if isinstance(parameter, param.Number) else text


def _allowed(dashboard: type[param.Parameterized], name: str) -> str:
    if name not in state_names(dashboard):
        return f"allowed are {_list([*state_names(dashboard), *PAGE])}"
    parameter = dashboard.param[name]
    if isinstance(parameter, param.Boolean):
        return "allowed are 0 and 1"
    if isinstance(parameter, param.Selector):
        return "allowed are " + ", ".join(map(_to_text, parameter.objects))
    low, high = parameter.bounds
    kind = "two numbers, low,high," if isinstance(parameter, param.Range) else "a number"
    return f"allowed is {kind} from {_to_text(low)} to {_to_text(high)}"
