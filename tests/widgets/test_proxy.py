"""The dashboards behind Jupyter's proxy, for a user whose name has an @ in it."""

import asyncio
import re
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from urllib.error import HTTPError

import pytest
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect


def connect(page: str, origin: str) -> None:
    """Open the websocket of a page as a browser at `origin` does."""
    html = urllib.request.urlopen(page, timeout=60).read().decode()
    (token,) = re.findall(r'"token":"([^"]+)"', html)
    request = HTTPRequest(page.replace("http", "ws", 1) + "/ws", headers={"Origin": origin})

    async def first() -> object:
        socket = await websocket_connect(request, subprotocols=["bokeh", token])
        message = await asyncio.wait_for(socket.read_message(), 20)
        socket.close()
        return message

    # In a thread of its own: the browser tests leave an event loop running in this one.
    with ThreadPoolExecutor(1) as thread:
        assert "ACK" in str(thread.submit(asyncio.run, first()).result())


def test_name_with_an_at_sign_gets_page_scripts_and_connection(hub):
    index = urllib.request.urlopen(f"{hub}/", timeout=60).read().decode()
    assert 'href="start_here"' in index
    html = urllib.request.urlopen(f"{hub}/start_here", timeout=60).read().decode()
    scripts = re.findall(r'src="(static/js/bokeh\.min\.js[^"]*)"', html)
    assert urllib.request.urlopen(f"{hub}/{scripts[0]}", timeout=60).status == 200
    connect(f"{hub}/start_here", hub.split("/user")[0])


def test_pages_of_other_hosts_may_not_connect(served):
    connect(f"{served}/start_here", served)
    with pytest.raises((HTTPClientError, HTTPError), match="403"):
        connect(f"{served}/start_here", "http://elsewhere.example")
