"""Requests to a server, and what its answers mean for a download.

HTTP semantics: RFC 9110, in particular sections 13.1.5 (If-Range) and 14 (ranges).
"""

import contextlib
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

import requests
import urllib3

from data_fetch.transfer.partial_file import Part

TIMEOUT = (10.0, 30.0)  # s to connect, s without a byte
CHUNK = 1 << 16  # bytes; a dropped connection loses at most these
UNREACHABLE = "cannot be reached"
BUSY = (408, 425, 429, 500, 502, 503, 504)


class Refused(Exception):
    """This mirror does not deliver the file; the next one may."""


class Dropped(Exception):
    """A problem that may pass: try again after `wait` seconds."""

    def __init__(self, reason: str, wait: float | None = None, give_up: bool = False):
        super().__init__(reason)
        self.wait, self.give_up = wait, give_up


def get(url: str, headers: dict[str, str]) -> requests.Response:
    """The beginning of an answer; its body is not read yet."""
    try:
        headers = {"User-Agent": "hepml_lite", "Accept-Encoding": "identity", **headers}
        return requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)
    except (requests.exceptions.SSLError, requests.exceptions.InvalidURL) as problem:
        raise Refused(f"no trustworthy connection ({problem})") from problem
    except requests.RequestException as problem:
        cause = getattr(problem.args[0] if problem.args else None, "reason", None)
        unreachable = isinstance(problem, (requests.ConnectTimeout, requests.exceptions.ProxyError))
        unreachable |= isinstance(cause, urllib3.exceptions.NewConnectionError)
        reason = UNREACHABLE if unreachable else f"no answer ({type(problem).__name__})"
        raise Dropped(reason, give_up=unreachable) from problem


def require_sound(
    response: requests.Response, part: Part, size: int | None, checked: bool
) -> int | None:
    """The length in bytes of the whole file, or None if neither server nor registry knows it.

    Args:
        response: the answer to a request with the headers of `part`.
        part: the bytes received before; discarded if this server's file does not continue them.
        size: published length in bytes, if known.
        checked: whether a hash will be checked at the end.

    Raises:
        Refused, Dropped: if the answer cannot be used.
    """
    status, headers = response.status_code, response.headers
    if status in BUSY:
        raise Dropped(f"busy ({status})", wait=_retry_after(headers.get("Retry-After")))
    if status == 416:  # the part is longer than the file, so it is not its beginning
        part.discard()
        raise Dropped("has fewer bytes than came before")
    if status not in (200, 206):
        raise Refused(f"answered {status} {response.reason}")
    if headers.get("Content-Type", "").startswith("text/html"):
        raise Refused("sent a web page, not the file (a log-in page of this network?)")
    if headers.get("Content-Encoding") and not part.target.name.endswith(("gz", "bz2", "xz")):
        raise Refused("sent it compressed, which nobody asked for")
    if status == 206 and not headers.get("Content-Range", "").startswith(f"bytes {part.size()}-"):
        part.discard()
        raise Dropped("sent another piece than it was asked for")
    total = length(response)
    if None not in (total, size) and total != size:
        raise Refused(f"offers {total:,} bytes; the published file has {size:,}")
    if total is size is None and not checked and "Transfer-Encoding" not in headers:
        raise Refused("does not say how long the file is, so that a cut would go unnoticed")
    return size if total is None else total


def length(response: requests.Response) -> int | None:
    """Bytes of the whole file according to the server."""
    if response.status_code in (206, 416):
        stated = response.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        stated = response.headers.get("Content-Length", "")
    return int(stated) if stated.isdecimal() else None


def validator(response: requests.Response) -> str | None:
    """The validator: it tells this version of the file from another (RFC 9110, 13.1.5)."""
    tag = response.headers.get("ETag", "")
    return tag if tag.startswith('"') else response.headers.get("Last-Modified")


def chunks(response: requests.Response) -> Iterator[bytes]:
    """The bytes as the server has them, not decompressed."""
    try:
        yield from response.raw.stream(CHUNK, decode_content=False)
    except (urllib3.exceptions.HTTPError, ConnectionError, TimeoutError) as problem:
        raise Dropped(f"the connection broke ({type(problem).__name__})") from problem


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from either form of the header."""
    if value is None or value.isdecimal():
        return None if value is None else float(value)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    return None
