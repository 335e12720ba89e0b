"""Checks of the sizes that a network is made with."""


def require_positive(**sizes: int) -> None:
    """Raise a ValueError that names each size below 1."""
    wrong = ", ".join(f"{name}={size}" for name, size in sizes.items() if size < 1)
    if wrong:
        raise ValueError(f"{wrong}: give 1 or more.")
