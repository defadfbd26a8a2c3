"""Widgets that are alive in plain HTML: no kernel, no loader, no request."""

import json
from typing import Any

from crmlab.widgets.kept import EXPORT

MODEL = """
  const listeners = {};
  const model = {
    get: (name) => state[name],
    set(name, value) {
      const values = typeof name === "object" ? name : { [name]: value };
      const changed = Object.keys(values).filter((key) => JSON.stringify(state[key]) !== JSON.stringify(values[key]));
      Object.assign(state, values);
      for (const event of changed.map((key) => `change:${key}`).concat(changed.length ? ["change"] : []))
        for (const heard of [...(listeners[event] ?? [])]) heard();
    },
    on: (event, heard) => (listeners[event] ??= new Set()).add(heard),
    off: (event, heard) => listeners[event]?.delete(heard),
    save_changes() {},
    send() {},
  };
  const el = document.querySelector(`[data-model="${id}"]:empty`);
  el.model = model;
  render({ model, el });
"""


def alive_html(model_id: str, states: dict[str, dict[str, Any]]) -> str:
    """One live widget as HTML. `states` are the models of the notebook, as `alive_states` gives them.

    The same widget may stand in a page more than once. Its element carries the model as its property `model`.
    Raises KeyError for a model that is not among them.
    """
    state = states[model_id]["state"]
    code = state["_esm"].removesuffix(EXPORT).replace("</", "<\\/")
    data = json.dumps({name: value for name, value in state.items() if name[0] != "_"}, ensure_ascii=False)
    data = data.replace("<", "\\u003c")
    return (
        f"<style>{state['_css']}</style>\n"
        f'<div data-model="{model_id}"></div>\n'
        f'<script type="module">\n{code}\n{{\n  const id = "{model_id}";\n  const state = {data};{MODEL}}}\n</script>\n'
    )
