"""The data that a dashboard shows: a file stored.npz beside it, with a card stored.json."""

import json
from pathlib import Path

from data_fetch.files import require_hash


def verified(path: Path) -> Path:
    """The path of a stored file, after a check against the hash on its card.

    Raises:
        FileNotFoundError: if the file or its card is missing.
        ValueError: if one of them is damaged; the message names the file and the remedy.
    """
    folder = path.parent.name
    remedy = f"restore it: git restore widgets/{folder}, or reinstall the course"
    card = path.with_suffix(".json")
    if not card.is_file():
        raise FileNotFoundError(f"{card} is missing; {remedy}")
    try:
        expected = json.loads(card.read_text("utf8"))["sha256"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{card} is damaged ({error!r}); {remedy}") from error
    require_hash(path, expected, remedy)
    return path
