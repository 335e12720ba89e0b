"""What the dashboard cannot compute on a move; `widgets/inference/make_stored.py` makes it."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from widgets.shared.stored import verified

STORED = Path(__file__).parent / "stored.npz"


@lru_cache(maxsize=1)  # one copy for all visitors of a server
def stored_results() -> dict[str, np.ndarray]:
    """The stored arrays by name, as make_stored.py describes them.

    Raises:
        FileNotFoundError: the file is missing.
        ValueError: it is damaged.
    """
    with np.load(verified(STORED), allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}
