"""The widgets that a notebook keeps alive: their states in its metadata, and where they are shown."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nbformat import NotebookNode

STATES = "application/vnd.jupyter.widget-state+json"
VIEW = "application/vnd.jupyter.widget-view+json"
EXPORT = "\nexport default { render };\n"
"""How the module of every widget of the house ends."""


def alive_states(notebook: "NotebookNode") -> dict[str, dict[str, Any]]:
    """By model id, the widgets in a notebook's metadata that live without a kernel; others are left out."""
    states = notebook.metadata.get("widgets", {}).get(STATES, {}).get("state", {})
    return {name: model for name, model in states.items() if model["state"].get("_esm", "").endswith(EXPORT)}


def shown(notebook: "NotebookNode") -> set[str]:
    """The ids of all widgets that the outputs of a notebook show."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return {output["data"][VIEW]["model_id"] for output in outputs if VIEW in output.get("data", {})}


def keep(notebook: "NotebookNode", states: dict[str, dict[str, Any]]) -> None:
    """Put those of `states` that the notebook shows into its metadata."""
    if kept := {name: states[name] for name in sorted(shown(notebook))}:
        notebook.metadata["widgets"] = {STATES: {"version_major": 2, "version_minor": 0, "state": kept}}
