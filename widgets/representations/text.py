"""The text of "One jet, seven views": the live line and the tables of numbers."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from hepml_lite.jet_physics.observables.catalogue import OBSERVABLES
from hepml_lite.jet_physics.views.seven_views import OBSERVABLES as NAMES
from widgets.shared.style import VERMILLION, px

NOTICED = 0.005  # share of the distance or spread between jets; less is printed as 0.00
MAX_NAMED_VIEWS = 3  # views that the line names with their movement
PARTICLES = 5  # in the table of four-vectors
SYMBOLS = {
    "mass": "mass, GeV",
    "multiplicity": "particles",
    "width": "width λ₁",
    "pt_dispersion": "pTD",
    "tau21": "τ₂₁",
    "tau32": "τ₃₂",
    "d2": "D₂",
}
ABOUT_VIEWS = (
    "Grey: the jet as it was simulated. A movement of 1 is the distance from one jet to another; "
    "σ is the spread over jets. Sequence and four-vectors end after 30 particles."
)
ABOUT = (
    f"{ABOUT_VIEWS} Below: the nearest jets by Energy Mover's Distance, the least work that turns "
    "one jet into the other; all jets are rotated and flipped in the same way."
)
INVITATION = (
    "The jet as it was simulated, in seven representations. <b>Move a slider: which views will "
    "notice? Write down your answer first.</b>"
)
LESSONS = {
    "boost": "A boost along the beam shifts all rapidities. Views that use only pT and differences "
    "of rapidity do not change.",
    "turn": "Only the image is turned upright. Distances and masses of pairs hardly depend on the "
    "direction; coordinates do.",
    "soft": "Safe views move less and less as the particle gets softer (an image jumps at pixel "
    "borders). The number of particles always changes by one.",
    "collinear": "A collinear split does not change safe views and observables. It changes counts "
    "and ranks.",
    "split": "As the angle goes to 0, safe views and observables stop changing (an image jumps at "
    "pixel borders).",
}


def line(state: Mapping[str, float], moved: Mapping[str, float], steps: np.ndarray) -> str:
    """A sentence on the transformations and the views that noticed them, and a lesson.

    The lesson explains a single transformation; there is none for several at once.

    Args:
        state: boost, turn, soft, fraction and opening.
        moved: `movement` of each view.
        steps: change of each observable in units of its spread, (7,).
    """
    done = list(_done(state))
    if not done:
        return INVITATION
    phrase = _listed([phrase for _, phrase in done])
    text = f"<b>{phrase[0].upper()}{phrase[1:]}.</b> {_views(moved)}"
    if moved["observables"] >= NOTICED:
        text += f" {_observables(steps)}"
    return f"{text} <i>{LESSONS[done[0][0]]}</i>" if len(done) == 1 else text


def _done(state: Mapping[str, float]) -> Iterable[tuple[str, str]]:
    """Lesson and phrase of each transformation that was applied."""
    if state["fraction"]:
        split = f"the hardest particle split at z = {state['fraction']:.2f}"
        if state["opening"]:
            yield "split", f"{split}, {state['opening']:.2f} apart"
        else:
            yield "collinear", f"{split}, exactly collinear"
    if state["soft"]:
        yield "soft", f"a soft particle of {state['soft']:g} GeV"
    if state["turn"]:
        yield "turn", f"a turn about the axis by {state['turn']:.2f} rad"
    if state["boost"]:
        yield "boost", f"a boost by {state['boost']:+.2f} along the beam"


def _views(moved: Mapping[str, float]) -> str:
    falling = sorted(moved.items(), key=lambda item: -item[1])
    noticed = [f"{name} {value:.2f}" for name, value in falling if value >= NOTICED]
    still = [name for name, value in moved.items() if value < NOTICED]
    if not noticed:
        return "<b>No view notices.</b>"
    rest = ", the others less" if len(noticed) > MAX_NAMED_VIEWS else ""
    text = f"In distances to another jet: {', '.join(noticed[:MAX_NAMED_VIEWS])}{rest}."
    return f"{text} <b>Not noticed by {_listed(still)}.</b>" if still else text


def _observables(steps: np.ndarray) -> str:
    moved = np.abs(steps) >= NOTICED
    if moved.all():
        return "All seven observables move."
    few = moved.sum() <= MAX_NAMED_VIEWS
    named = [SYMBOLS[name].split(",")[0] for name in np.array(NAMES)[moved == few]]
    if not moved.any():
        return ""
    return f"Of the observables, {'only' if few else 'all but'} {_listed(named)} move."


def observables(before: np.ndarray, after: np.ndarray, steps: np.ndarray) -> str:
    """Table of the seven observables: before, after, change in units of the spread of jets."""
    rows = [
        (SYMBOLS[name], _digits(name, b), _digits(name, a), _step(step))
        for name, b, a, step in zip(NAMES, before, after, steps, strict=True)
    ]
    return _titled("Observables", ("", "before", "now", "Δ/σ"), rows)


def four_vectors(after: np.ndarray, before: np.ndarray) -> str:
    """Table of the first particles in their order, E, px, py, pz [GeV]; changes are bold."""
    pairs = zip(after.reshape(-1, 4)[:PARTICLES], before.reshape(-1, 4)[:PARTICLES], strict=True)
    rows = [[_component(*x) for x in zip(new, old, strict=True)] for new, old in pairs if new[0]]
    return _titled("Four-vectors [GeV]", ("E", "px", "py", "pz"), rows)


def neighbour(kind: str, number: int, distance: float) -> str:
    """The kind of a neighbour, its number, and its distance."""
    return f"<b>{kind} {number}</b>, {distance:.0f} GeV"


def _component(after: float, before: float) -> str:
    return _emphasised(f"{after:.1f}".replace("-", "−"), abs(after - before) >= 0.05)


def _digits(name: str, value: float) -> str:
    return f"{value:.{0 if name == 'multiplicity' else 1 if OBSERVABLES[name].unit else 3}f}"


def _step(step: float) -> str:
    return _emphasised(f"{step:+.2f}".replace("-", "−"), True) if abs(step) >= NOTICED else "0"


def _emphasised(text: str, changed: bool) -> str:
    return f'<b style="color:{VERMILLION}">{text}</b>' if changed else text


def _titled(title: str, header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table as wide as a figure, under a title like that of a figure."""
    cell = "padding:1px 0 1px 7px;text-align:right;white-space:nowrap"
    first = cell if header[0] else cell.replace("right", "left").replace("7px", "0")
    named = f'<th scope="col" style="{cell};font-weight:normal">{{}}</th>'
    head = "".join(named.format(h) if h else "<td></td>" for h in header)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{cell if k else first}">{c}</td>' for k, c in enumerate(row))
        + "</tr>"
        for row in rows
    )
    style = f"border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:{px(15)}"
    heading = f'<b style="font-size:{px(17)}">{title}</b>'
    rows = f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody>"
    return f'{heading}<table style="{style}">{rows}</table>'


def _listed(items: Sequence[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"
