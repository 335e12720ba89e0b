from nbformat.v4 import new_markdown_cell, new_notebook

from hepml_lite.course.pictures import embed_pictures


def test_only_local_files_are_embedded(tmp_path):
    (tmp_path / "a.svg").write_text("<svg/>")
    text = "![a](a.svg) ![b](https://example.org/b.png) ![c](gone.png) [d](a.svg)"
    notebook = new_notebook(cells=[new_markdown_cell(text)])
    embed_pictures(notebook, tmp_path)
    (cell,) = notebook.cells
    assert cell.source == text.replace("![a](a.svg)", "![a](attachment:a.svg)")
    assert cell.attachments == {"a.svg": {"image/svg+xml": "PHN2Zy8+"}}
