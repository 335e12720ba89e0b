"""Requests of visitors: one page is built at a time, and only our own pages may connect."""

import asyncio

from bokeh.server.urls import per_app_patterns
from panel.io.server import DocHandler, WSHandler
from tornado.websocket import WebSocketHandler

LONGEST_NAME = 40  # characters
LONGEST_VALUE = 120  # characters; far more than any control needs
MOST_NAMES = 40


def readable(arguments: dict[str, list[bytes]]) -> dict[str, list[bytes]]:
    """The query of an address, short and in UTF-8.

    The query goes into the page's token, which proxies refuse if it is long, and Panel reads it as
    UTF-8. What is cut or replaced here is no valid value: `url_state.decode` says so in the page.

    Args:
        arguments: all values of each name, as Tornado gives them.

    Returns:
        The last value of each name, without Bokeh's own names: a link cannot choose a session.
    """
    short = {}
    for name, values in list(arguments.items())[:MOST_NAMES]:
        if name.startswith("bokeh-"):
            continue
        name = name.encode("utf8", "replace").decode("utf8")[:LONGEST_NAME]
        text = values[-1].decode("utf8", "replace")
        if len(text) > LONGEST_VALUE:
            text = text[:LONGEST_VALUE] + "…"
        short[name] = [text.encode("utf8")]
    return short


class PageHandler(DocHandler):
    """Gives a visitor the page.

    A class opens a dashboard within a second. If all their pages were built at the same time,
    everybody would wait for the last one. One after the other, the first have theirs at once.
    """

    _building = asyncio.Lock()

    async def get(self, *args, **kwargs) -> None:
        """Build the page when all earlier ones are ready."""
        self.request.arguments = readable(self.request.arguments)
        async with self._building:
            answer = super().get(*args, **kwargs)
            if answer is not None:
                await answer
            # Now the server reads what came meanwhile: dashboards asked for, sliders moved
            await asyncio.sleep(0.01)


class ConnectionHandler(WSHandler):
    """Connects a page to the server."""

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
