import re

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from hepml_lite.course.page import as_page, drop_progress_bars

WIDGET = "application/vnd.jupyter.widget-view+json"


def page():
    data = {WIDGET: {"model_id": "1"}, "text/plain": "100% done"}
    cell = new_code_cell("x", outputs=[new_output("display_data", data=data)])
    notebook = new_notebook(cells=[new_markdown_cell("# T\n\nmass $m_{jj}$"), cell])
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": {"state": {}}}
    return as_page(notebook, "Small")


def test_page_loads_nothing_from_elsewhere():
    markup = re.sub(r"<script>.*?</script>", "", page(), flags=re.S)
    loads = r"<(?:script|link|img|iframe)[^>]*(?:src|href)=[\"'](?!data:)|<script|@import"
    assert not re.findall(loads, markup)


def test_page_has_formulae_text_of_widgets_and_title():
    text = page()
    assert "renderMathInElement" in text
    assert "$m_{jj}$" in text
    assert "100% done" in text
    assert "<title>Small</title>" in text


def test_progress_bars_are_removed_and_other_widgets_stay():
    bar, slider = "  0%|          | 0/9 [00:00<?, ?batch/s]", "IntSlider(value=3)"
    cell = new_code_cell()
    for text in (bar, slider):
        data = {"text/plain": text, WIDGET: {"model_id": "a"}}
        cell.outputs.append(new_output("display_data", data=data))
    notebook = new_notebook(cells=[cell])
    drop_progress_bars(notebook)
    assert [output.data["text/plain"] for output in cell.outputs] == [slider]
