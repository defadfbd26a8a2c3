"""What every widget of the house has: an id from its content, a still state beside it, HTML in which it lives."""

import json
import re

import pytest
from ipywidgets import Widget
from nbformat.v4 import new_code_cell, new_notebook, new_output
from traitlets import Int, Unicode

from crmlab.widgets.base import Alive, script, style
from crmlab.widgets.inpage import alive_html
from crmlab.widgets.kept import EXPORT, STATES, VIEW, alive_states, keep, shown


class Toy(Alive):
    _esm = "function draw({ el }) { el.innerHTML = '<b></b>'; }" + EXPORT
    number = Int().tag(sync=True)
    text = Unicode().tag(sync=True)

    @property
    def still(self) -> str:
        return f"<p>{self.number}</p>"

    def __repr__(self) -> str:
        return f"number {self.number}"


def states(*names: str) -> dict:
    return {name: model for name, model in Widget.get_manager_state()["state"].items() if name in names}


def notebook_with(*models: str):
    outputs = [new_output("display_data", {VIEW: {"model_id": name}}) for name in models]
    return new_notebook(cells=[new_code_cell("", outputs=outputs)])


def test_a_model_has_its_id_from_its_content_and_no_two_have_the_same():
    one, two, other = Toy(number=91), Toy(number=91), Toy(number=92)
    assert len({one.model_id, two.model_id, other.model_id}) == 3
    import crmlab.widgets.base as base

    base._made.clear()
    ids = one.model_id, two.model_id
    one.close()
    two.close()
    assert (Toy(number=91).model_id, Toy(number=91).model_id) == ids


def test_the_still_state_stands_after_the_live_view_which_knows_how_to_hide_it(monkeypatch):
    toy, displayed = Toy(number=3), []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: displayed.append(data))
    toy._ipython_display_()
    toy.number = 4
    toy._ipython_display_()
    live, still, _, later = displayed
    assert live[VIEW]["model_id"] == toy.model_id
    assert live["text/plain"] == ""
    assert still["text/plain"] == "number 3"
    names = [re.match('<div class="(crmlab-still-[0-9a-f]{12})"><p>', one["text/html"])[1] for one in (still, later)]
    assert toy.hides == names
    assert len(set(names)) == 2


def test_html_in_which_it_lives_asks_for_nothing_and_holds_no_text_that_ends_the_script():
    toy = Toy(number=5, text="</script><script>alert(1)</script> 中文")
    html = alive_html(toy.model_id, states(toy.model_id))
    assert html.count("<script") == html.count("</script>") == 1
    assert "<\\/b>" in html
    assert "中文" in html
    assert "import" not in html
    assert "http" not in html
    data = re.search(r"const state = (.*);$", html, re.MULTILINE)[1]
    assert json.loads(data) == {
        "number": 5, "text": toy.text, "hides": [], "layout": None, "tabbable": None, "tooltip": None,
    }  # fmt: skip
    with pytest.raises(KeyError):
        alive_html("unknown", {})


def test_a_notebook_keeps_the_live_ones_that_it_shows():
    from ipywidgets import IntSlider

    toy, unseen, slider = Toy(number=6), Toy(number=7), IntSlider()
    made = notebook_with(toy.model_id)
    made.metadata["widgets"] = {STATES: {"state": states(toy.model_id, unseen.model_id, slider.model_id)}}
    alive = alive_states(made)
    assert set(alive) == {toy.model_id, unseen.model_id}
    keep(made, alive)
    assert set(alive_states(made)) == shown(made) == {toy.model_id}
    empty = notebook_with()
    keep(empty, alive)
    assert "widgets" not in empty.metadata


def test_a_module_is_what_all_share_and_its_own_files():
    made = script("crmlab.explorer", "numbers.js", "explorer.js")
    assert made.index("function render(") < made.index("const thousands") < made.index("function draw(")
    assert made.endswith(EXPORT)
    assert style() in style("crmlab.explorer", "explorer.css")
    assert ".crmlab-explorer" in style("crmlab.explorer", "explorer.css")
