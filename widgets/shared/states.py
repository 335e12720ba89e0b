"""A dashboard as one HTML page without a server: some controls, and the outputs of their states."""

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from bokeh.core.serialization import Serializer
from bokeh.layouts import column
from bokeh.models import CategoricalSlider, Checkbox, Column, CustomJS, LayoutDOM, Select

from widgets.shared.base import Dashboard, Display
from widgets.shared.style import text_block

CODE = Path(__file__).parent / "states.js"
WIDE = {"sizing_mode": "stretch_width"}
Choices = Mapping[str, Sequence[Any]]  # parameter of a control -> its values


class Outputs(NamedTuple):
    """The outputs of all states, each different one once.

    Attributes:
        of_models: the outputs of each model.
        states: for each state and model, which of them; the last control varies fastest.
    """

    of_models: list[list[Any]]
    states: list[list[int]]


def layout(
    dashboard: Dashboard,
    choices: Choices,
    figures: Sequence[LayoutDOM],
    texts: Sequence[LayoutDOM],
    display: Display,
    share: float = 34,
) -> LayoutDOM:
    """The page: controls, texts, figures.

    Args:
        dashboard: in the state of the controls that the page does not have.
        choices: the controls of the page and their values.
        figures: made with `display.source`.
        texts: made with `display.text`, shown above the figures.
        display: of the dashboard's outputs.
        share: of the width that a figure takes at least [%].
    """
    controls = [_control(dashboard, name, values) for name, values in choices.items()]
    stored = _outputs(dashboard, choices, list(display.models))
    script = CustomJS(
        code=CODE.read_text("utf8"),
        args={
            "controls": controls,
            "choices": [list(map(_text, values)) for values in choices.values()],
            "models": list(display.models.values()),
            "states": stored.states,
            "outputs": stored.of_models,
        },
    )
    for control in controls:
        control.js_on_change("active" if isinstance(control, Checkbox) else "value", script)
    return column(
        text_block(f"<b>{dashboard.title}</b>", 26),
        _grid(controls, 250, 0),
        *texts,
        _grid(figures, 300, share),
        text_block(_about(len(stored.states)), 15),
        **WIDE,
    )


def _grid(cells: Sequence[LayoutDOM], width: int, share: float) -> Column:
    """As many columns as fit, of at least this width [pixels] and share of the page [%]."""
    columns = f"repeat(auto-fit, minmax(max({width}px, {share:g}%), 1fr))"
    styles = {"display": "grid", "grid-template-columns": columns}
    return Column(children=list(cells), styles=styles, **WIDE)


def _about(n_states: int) -> str:
    return (
        f"This page holds {n_states} states of the dashboard. The live one has more controls: "
        "<code>hepml dashboards</code>."
    )


def _control(dashboard: Dashboard, name: str, values: Sequence[Any]) -> LayoutDOM:
    """A slider for numbers, a list for names, a box for yes or no."""
    label, font = dashboard.param[name].label, {"styles": {"font-size": "18px"}, **WIDE}
    now, texts = _text(getattr(dashboard, name)), list(map(_text, values))
    if now not in texts:
        raise ValueError(f"{name} starts at {now}, which is not one of its choices {texts}")
    if isinstance(values[0], bool):
        return Checkbox(label=label, active=getattr(dashboard, name), **font)
    if isinstance(values[0], str):
        return Select(options=texts, value=now, title=label, **font)
    return CategoricalSlider(categories=texts, value=now, title=label, **font)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else f"{value:g}"


def _outputs(dashboard: Dashboard, choices: Choices, names: Sequence[str]) -> Outputs:
    """The outputs of these names for all states; the dashboard is left in the state it had."""
    before = {name: getattr(dashboard, name) for name in choices}
    found: list[dict[str, int]] = [{} for _ in names]  # stored text -> place
    of_models: list[list[Any]] = [[] for _ in names]
    states = []
    for values in itertools.product(*choices.values()):
        dashboard.param.update(dict(zip(choices, values, strict=True)))
        outputs = dashboard.compute()
        state = []
        for k, name in enumerate(names):
            output = _smaller(outputs[name])
            key = json.dumps(Serializer(deferred=False).encode(output))
            if key not in found[k]:
                found[k][key] = len(of_models[k])
                of_models[k].append(output)
            state.append(found[k][key])
        states.append(state)
    dashboard.param.update(before)
    return Outputs(of_models, states)


def _smaller(output: Any) -> Any:
    """The same with numbers of 32 bits, which suffice for a picture."""
    if isinstance(output, Mapping):
        return {name: _smaller(values) for name, values in output.items()}
    if isinstance(output, list):
        return [_smaller(value) for value in output]
    if isinstance(output, np.ndarray) and output.dtype == np.float64:
        return output.astype(np.float32)
    return output
