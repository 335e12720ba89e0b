"""The query of an address that a browser sends, made short enough for everything after it."""

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
