"""Draw the import graph of docs/architecture.md from the code: `python docs/architecture.py`."""

from pathlib import Path

import grimp

PAGE = Path(__file__).with_name("architecture.md")
BEGIN, END = "<!-- graph:begin -->", "<!-- graph:end -->"
PACKAGES = ("widgets", "data_fetch", "hepml_lite")


def room(module: str) -> str:
    """Name of the room of a module: "hepml_lite.networks.mlp" is in "hepml_lite.networks"."""
    return ".".join(module.split(".")[:2])


def arrows() -> list[tuple[str, str]]:
    """Which room imports which, each pair once."""
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    found = set()
    for importer in graph.modules:
        for imported in graph.find_modules_directly_imported_by(importer):
            pair = room(importer), room(imported)
            if pair[0] != pair[1]:
                found.add(pair)
    return sorted(found)


def rooms_of_the_library() -> list[tuple[str, str]]:
    """Arrows between the rooms of hepml_lite, without the package itself."""
    pairs = []
    for importer, imported in arrows():
        inside = importer.startswith("hepml_lite.") and imported.startswith("hepml_lite.")
        if inside:
            pairs.append((importer.split(".")[1], imported.split(".")[1]))
    return pairs


def drawing() -> str:
    """The rooms and their arrows as a Mermaid diagram, which GitHub and JupyterLab draw."""
    lines = ["```mermaid", "flowchart TD"]
    for importer, imported in rooms_of_the_library():
        lines.append(f"    {importer} --> {imported}")
    return "\n".join([*lines, "```"])


def page() -> str:
    """The text of docs/architecture.md with the drawing of today."""
    before, rest = PAGE.read_text("utf8").split(BEGIN)
    after = rest.split(END)[1]
    return f"{before}{BEGIN}\n{drawing()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf8")
