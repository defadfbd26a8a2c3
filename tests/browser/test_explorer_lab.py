"""The explorer in JupyterLab: alive from the saved state, with a kernel, and as pictures where it may not live."""

import nbformat
import pytest
from jupyter_page import in_kernel, in_page, open_file, run_all
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

from crmlab.course.kernel import NAME, OwnKernel
from crmlab.course.notebook import KERNEL
from crmlab.widgets.kept import alive_states, keep

CELL = """
from crmlab import check_settings, open_data, type_customers
from crmlab.explorer import explore

shop = open_data(check_settings(data="teaching"))
result = type_customers(shop.orders, as_of=shop.as_of, window=365, currency=shop.currency, **shop.columns)
explorer = explore(result, "zh")
explorer
"""
TRUST = """
    const { context, content } = jupyterapp.shell.currentWidget;
    for (const cell of content.model.cells) cell.trusted = true;
    await context.save();
"""


@pytest.fixture(scope="module")
def executed() -> str:
    """A notebook that was run as the build runs it, with the state of its explorer."""
    made = new_notebook(cells=[new_code_cell(CELL, id="one")])
    NotebookClient(made, kernel_name=NAME, kernel_manager_class=OwnKernel, timeout=120).execute()
    states = alive_states(made)
    made.metadata = {"kernelspec": dict(KERNEL)}
    keep(made, states)
    return nbformat.writes(made)


def test_it_lives_before_anything_ran_and_follows_the_kernel_after(lab, page, executed, screenshot):
    (lab.root / "explorer.ipynb").write_text(executed, encoding="utf-8", newline="\n")
    live, still = page.locator(".crmlab-alive"), page.locator("[class^=crmlab-still]")
    told, slider = live.locator("[aria-live]"), page.get_by_role("slider", name="窗口")

    open_file(page, lab, "explorer.ipynb")
    still.wait_for()
    page.wait_for_timeout(1000)
    assert (live.count(), still.is_visible()) == (0, True)
    screenshot(page, "untrusted")

    in_page(page, TRUST)
    open_file(page, lab, "explorer.ipynb")
    live.wait_for()
    assert not still.is_visible()
    slider.focus()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    assert slider.input_value() == "363"
    assert "窗口 363 天" in told.inner_text()

    run_all(page)
    told.get_by_text("窗口 365 天").wait_for()
    assert not still.is_visible()
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    told.get_by_text("窗口 2 天").wait_for()
    page.wait_for_timeout(1000)
    assert in_kernel(page, "print(explorer.window)") == "2"
    in_kernel(page, "explorer.split = 'fixed'; explorer.window = 200")
    told.get_by_text("窗口 200 天").wait_for()
    assert in_kernel(page, "print(explorer.sentence)") == told.locator("p").last.inner_text()
    screenshot(page, "with_kernel")
    in_page(page, "await jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Dark'});")
    page.wait_for_timeout(1000)
    screenshot(page, "dark")
    in_page(page, "await jupyterapp.commands.execute('apputils:change-theme', {theme: 'JupyterLab Light'});")
