"""Write the pages docs/methods/<theme>.md from the method cards: `python docs/method_cards.py`."""

from pathlib import Path

from hepml_lite import method_cards

FOLDER = Path(__file__).with_name("methods")
LIBRARY = Path(method_cards.__file__).parent
ENTRIES = {
    "assumes": "assumes",
    "fails": "fails when",
    "notice": "how one notices",
    "cost": "cost",
    "paper": "paper",
}


def themes() -> list[str]:
    """Themes that have cards."""
    return sorted(path.parent.name for path in LIBRARY.glob("*/method_cards.toml"))


def page(theme: str) -> str:
    """The cards of a theme as Markdown."""
    lines = [f"# Methods of {theme.replace('_', ' ')}"]
    for card in method_cards.read(theme).values():
        lines += ["", f"## {card.title}", "", f"`{card.module}`", ""]
        lines += [f"- **{label}**: {getattr(card, name)}" for name, label in ENTRIES.items()]
    return "\n".join([*lines, ""])


def main() -> None:
    """Write the pages of all themes."""
    FOLDER.mkdir(exist_ok=True)
    for theme in themes():
        (FOLDER / f"{theme}.md").write_text(page(theme), encoding="utf-8")


if __name__ == "__main__":
    main()
