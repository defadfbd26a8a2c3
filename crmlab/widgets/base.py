"""What all widgets of the house share: a live view with its logic in the page, and a still state to be read."""

import hashlib
import json
from collections import Counter
from importlib.resources import files
from typing import Any

import anywidget
from ipywidgets import Layout, widget_serialization
from traitlets import Instance, List, Unicode

from crmlab.widgets.kept import EXPORT

ID_LENGTH = 32
_made: Counter[str] = Counter()


def script(package: str, *names: str) -> str:
    """The module of a widget: what all of them share, then the files `names` of `package`.

    They are plain JavaScript and define `draw({ model, el })`, which may return a function that clears up.

    >>> script("crmlab.explorer", "explorer.js").endswith(EXPORT)
    True
    """
    return "\n".join([_read("crmlab.widgets", "alive.js"), *(_read(package, name) for name in names)]) + EXPORT


def style(package: str = "", name: str = "") -> str:
    """The style sheet that all widgets share, then that of one of them, if it has one of its own."""
    return _read("crmlab.widgets", "alive.css") + (_read(package, name) if name else "")


def _read(package: str, name: str) -> str:
    return files(package).joinpath(name).read_text(encoding="utf-8")


class Alive(anywidget.AnyWidget):
    """A widget that lives in the page: it answers without a kernel, and follows Python where there is one.

    A subclass has `_esm = script(…)`, `_css = style(…)`, traits with sync=True that hold plain JSON data, the property
    `still` (HTML of the present state, its pictures as images) and `__repr__` (the same as text). It hands all traits
    to `super().__init__`: they give the model its id, so a notebook that is run again has the same one.
    """

    _css = style()
    hides = List(Unicode()).tag(sync=True)
    layout = Instance(Layout, allow_none=True).tag(sync=True, **widget_serialization)

    def __init__(self, **traits: Any):
        kind = f"{type(self).__module__}.{type(self).__qualname__}"
        content = hashlib.sha256(json.dumps([kind, traits], sort_keys=True).encode()).hexdigest()
        number = _made[content]
        _made[content] += 1
        named = hashlib.sha256(f"{content} {number}".encode()).hexdigest()
        super().__init__(model_id=named[:ID_LENGTH], **traits)

    @property
    def still(self) -> str:
        """The present state as HTML, to be read where nothing is alive."""
        raise NotImplementedError

    def _ipython_display_(self) -> None:
        """The live view, and after it the still state, which the live one hides wherever it can be shown."""
        from IPython.display import display

        still = self.still
        name = f"crmlab-still-{hashlib.sha256(still.encode()).hexdigest()[:12]}"
        if name not in self.hides:
            self.hides = [*self.hides, name]
        view, metadata = self._repr_mimebundle_()
        display(view | {"text/plain": ""}, metadata=metadata, raw=True)
        display({"text/html": f'<div class="{name}">{still}</div>', "text/plain": repr(self)}, raw=True)
