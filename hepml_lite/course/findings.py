"""The type that every check of ``hepml doctor`` returns: one finding about the installation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of ``hepml doctor``.

    A package contributes findings through the entry-point group ``hepml.doctor``: a function
    without arguments that returns an iterable of them; the entry point's name is the heading.
    """

    ok: bool
    what: str  # what was checked and seen, for instance "numpy 2.4.6"
    remedy: str = ""  # what to do if it is not ok
    required: bool = True  # whether the course needs it; if so, not ok means exit code 1
