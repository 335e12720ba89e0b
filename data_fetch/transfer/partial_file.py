"""An unfinished download: the bytes received so far, and their origin."""

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    """`<name>.part` and its origin `<name>.part.json`, beside the final name `target`."""

    target: Path

    @property
    def path(self) -> Path:
        """The file with the bytes received so far."""
        return self.target.with_name(f"{self.target.name}.part")

    @property
    def origin(self) -> Path:
        """The file with address and validator (ETag or Last-Modified) of the bytes' version."""
        return self.target.with_name(f"{self.target.name}.part.json")

    def size(self) -> int:
        """Number of bytes received so far."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def headers(self, url: str, checked: bool) -> dict[str, str]:
        """Headers of the request that continues where the last one stopped.

        A part of unknown origin is continued only if a hash will be `checked` at the end: two
        versions of a file must never be joined.
        """
        validator = self._validator(url)
        if not self.size() or (validator is None and not checked):
            return {}
        ask = {"Range": f"bytes={self.size()}-"}
        return ask if validator is None else {**ask, "If-Range": validator}

    def begin(self, url: str, validator: str | None) -> None:
        """Start an empty part from this address."""
        self.discard()  # first: a process killed here must not leave old bytes with a new origin
        self.origin.write_text(json.dumps({"url": url, "validator": validator}))

    def discard(self) -> None:
        """Delete the bytes received so far."""
        self.path.unlink(missing_ok=True)
        self.origin.unlink(missing_ok=True)

    def _validator(self, url: str) -> str | None:
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            stored = json.loads(self.origin.read_text())
            return stored["validator"] if stored["url"] == url else None
        return None
