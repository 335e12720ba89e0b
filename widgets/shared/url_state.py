"""A dashboard's state as the query of a URL and back, so that a view can be shared."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import param


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

    Names that are not parameters belong to the page (`theme`, `zoom`, `hide`) and are skipped.
    """
    state, problems = {}, []
    for name, text in query:
        if name not in state_names(dashboard):
            continue
        parameter = dashboard.param[name]
        try:
            value = _from_text(parameter, text)
            dashboard(**{name: value})
        except (ValueError, TypeError, KeyError):
            problems.append(f"{name}={text} in the address was ignored: {_allowed(parameter)}.")
        else:
            state[name] = value
    return state, problems


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


def _allowed(parameter: param.Parameter) -> str:
    if isinstance(parameter, param.Boolean):
        return "allowed are 0 and 1"
    if isinstance(parameter, param.Selector):
        return "allowed are " + ", ".join(map(_to_text, parameter.objects))
    low, high = parameter.bounds
    kind = "two numbers, low,high," if isinstance(parameter, param.Range) else "a number"
    return f"allowed is {kind} from {_to_text(low)} to {_to_text(high)}"
