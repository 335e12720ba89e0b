"""Requests of visitors: one page is built at a time, and only our own pages may connect."""

import asyncio
import time
from collections.abc import Awaitable, MutableMapping
from typing import ClassVar
from weakref import WeakKeyDictionary

from bokeh.server.urls import per_app_patterns
from panel.io.server import DocHandler, WSHandler
from tornado.websocket import WebSocketHandler

from widgets.shared.query import readable

QUIET = 0.02  # seconds without a message, after which the next page is built
LONGEST_WAIT = 0.3  # seconds


class Visitors:
    """When the server last heard from an open page."""

    _heard = 0.0

    @classmethod
    def hear(cls) -> None:
        """Note that a page connects, or asks for something."""
        cls._heard = time.monotonic()

    @classmethod
    async def quiet(cls) -> None:
        """Wait until no page has asked for anything for a moment, but not for ever."""
        until = time.monotonic() + LONGEST_WAIT
        heard = -1.0
        while heard != cls._heard and time.monotonic() < until:
            heard = cls._heard
            await asyncio.sleep(QUIET)


class PageHandler(DocHandler):
    """Gives a visitor the page.

    A class opens a dashboard within a second. If all their pages were built at the same time,
    everybody would wait for the last one. One after the other, the first have theirs at once: a
    page is built when the one before has its dashboard, and nobody is waiting for a move.

    Each server of a process has an event loop of its own, and so a queue of its own: a notebook
    starts several, and one that is stopped in the middle of a page must not hold up the others.
    """

    _queues: ClassVar[MutableMapping[asyncio.AbstractEventLoop, asyncio.Lock]] = WeakKeyDictionary()

    @classmethod
    def queue(cls) -> asyncio.Lock:
        """The lock that the pages of the running server wait for."""
        return cls._queues.setdefault(asyncio.get_running_loop(), asyncio.Lock())

    async def get(self, *args, **kwargs) -> None:
        """Build the page when all earlier ones are ready."""
        self.request.arguments = readable(self.request.arguments)
        async with self.queue():
            answer = super().get(*args, **kwargs)
            if answer is not None:
                await answer
            if not self._finished:
                self.finish()  # now, not after the wait
            await Visitors.quiet()


class ConnectionHandler(WSHandler):
    """Connects a page to the server."""

    def open(self, *args: str, **kwargs: str) -> Awaitable[None]:
        """Send every message at once.

        Bokeh writes a message in three parts. The system would keep the second part back until the
        browser confirms the first one, which takes up to 40 ms.
        """
        Visitors.hear()
        self.set_nodelay(True)
        return super().open(*args, **kwargs)

    async def on_message(self, fragment: str | bytes) -> None:
        """Answer; the next page is built later."""
        Visitors.hear()
        await super().on_message(fragment)

    def check_origin(self, origin: str) -> bool:
        """Whether the page comes from the host that the browser now calls, or an allowed one.

        A proxy passes the host's name on, so that nobody needs to know it when the server starts.
        """
        return WebSocketHandler.check_origin(self, origin) or super().check_origin(origin)


def use_handlers() -> None:
    """Let all servers that are made from now on use the handlers above in place of Panel's."""
    ours = {DocHandler: PageHandler, WSHandler: ConnectionHandler}
    for k, (path, handler) in enumerate(per_app_patterns):
        per_app_patterns[k] = (path, ours.get(handler, handler))
