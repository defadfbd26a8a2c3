"""An IPython shell without a front end: what each cell shows becomes nbformat outputs, in order, within limits."""

import base64
import builtins
import io
import sys
import tempfile
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from IPython.core.profiledir import ProfileDir
from traitlets import Type
from traitlets.config import Config

from crmlab.words import word

STREAM = 1_000_000
"""Characters of what one cell prints."""
SHOWN = 5_000_000
"""Characters of everything that one cell shows."""
PIECES = 500
"""Outputs of one cell."""
TRACE = 50_000
"""Characters of a traceback, and of the message of an error."""
MIMES = ("text/html", "text/latex", "text/markdown", "text/plain", "image/jpeg", "image/png", "image/svg+xml")
"""What an output may consist of; a widget or a script is left with its text."""
PROCESSES = (
    "bash", "conda", "mamba", "micromamba", "perl", "pip", "pypy", "python", "python2", "python3", "ruby", "script",
    "sh", "sx", "system", "uv",
)  # fmt: skip
"""Magics that start a process."""


class Outputs:
    """What the running cell has shown so far, as nbformat dicts; streams that follow each other are joined."""

    def __init__(self) -> None:
        self.lang = "zh"
        self.begin()

    def begin(self) -> None:
        self.pieces: list[dict[str, Any]] = []
        self.displays: dict[str, dict[str, Any]] = {}
        self.printed = self.shown = self.cut = self.left_out = 0
        self.clear_next = False

    def end(self) -> list[dict[str, Any]]:
        """The outputs of the cell, with a line that says what was cut."""
        pieces = [piece | {"text": "".join(piece["text"])} if "text" in piece else piece for piece in self.pieces]
        for count, key in ((self.cut, "grade.cut_text"), (self.left_out, "grade.cut_outputs")):
            if count:
                text = word(key, self.lang, count=f"{count:,}") + "\n"
                pieces.append({"output_type": "stream", "name": "stderr", "text": text})
        self.begin()
        return pieces

    def write(self, name: str, text: str) -> None:
        room = max(min(STREAM - self.printed, SHOWN - self.shown), 0)
        kept = text[:room]
        self.cut += len(text) - len(kept)
        self.printed += len(kept)
        if not kept:
            return
        if self.pieces and self.pieces[-1].get("name") == name and not self.clear_next:
            self.pieces[-1]["text"].append(kept)
            self.shown += len(kept)
        else:
            self._put({"output_type": "stream", "name": name, "text": [kept]}, len(kept))

    def show(self, kind: str, data: Any, metadata: Any, display_id: str | None = None) -> None:
        """An output of rich data. What has nothing to show without a front end is left out."""
        bundle = _bundle(data)
        if not any(bundle.values()):
            return
        alt = (dict(metadata or {}).get("image/png") or {}).get("alt")
        about = {"image/png": {"alt": str(alt)[:TRACE]}} if alt else {}
        piece = {"output_type": kind, "data": bundle, "metadata": about}
        if self._put(piece, _size(bundle)) and display_id:
            self.displays[display_id] = piece

    def update(self, data: Any, display_id: str | None) -> None:
        """New data for a display of this cell; those of earlier cells stay as they were."""
        bundle = _bundle(data)
        if display_id in self.displays and self.shown + _size(bundle) <= SHOWN:
            self.shown += _size(bundle)
            self.displays[display_id]["data"] = bundle

    def fail(self, name: str, message: str, trace: list[str]) -> None:
        lines, room = [], TRACE
        for line in trace:
            lines.append(line[:room])
            room -= len(lines[-1])
        error = {"output_type": "error", "ename": name[:TRACE], "evalue": message[:TRACE], "traceback": lines}
        self._put(error, 0)

    def clear(self, wait: bool) -> None:
        if wait:
            self.clear_next = True
        else:
            self.pieces, self.displays = [], {}

    def _put(self, piece: dict[str, Any], size: int) -> bool:
        if self.clear_next:
            self.pieces, self.displays, self.clear_next = [], {}, False
        full = len(self.pieces) >= PIECES and piece["output_type"] != "error"
        if full or self.shown + size > SHOWN:
            self.left_out += 1
            return False
        self.shown += size
        self.pieces.append(piece)
        return True


def _bundle(data: Any) -> dict[str, str]:
    return {mime: _as_text(value) for mime, value in dict(data).items() if mime in MIMES}


def _as_text(value: Any) -> str:
    return base64.b64encode(value).decode("ascii") if isinstance(value, bytes) else str(value)


def _size(bundle: dict[str, str]) -> int:
    return sum(map(len, bundle.values()))


class _Stream(io.TextIOBase):
    """sys.stdout or sys.stderr of the cells."""

    encoding = "UTF-8"
    errors = "strict"

    def __init__(self, name: str, outputs: Outputs):
        self.name = name
        self.outputs = outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        self.outputs.write(self.name, text)
        return len(text)


class _Hook(DisplayHook):
    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.outputs.show("execute_result", format_dict, md_dict)


class _Publisher(DisplayPublisher):
    def publish(self, data: Any, metadata: Any = None, *, transient: Any = None, update: bool = False, **_: Any):
        display_id = (transient or {}).get("display_id")
        if update:
            self.shell.outputs.update(data, display_id)
        else:
            self.shell.outputs.show("display_data", data, metadata, display_id)

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear(wait)


class Shell(InteractiveShell):
    """IPython with its outputs collected: no history file, no threads, no colours, no processes, no questions."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def __init__(self, **options: Any):
        self.outputs = Outputs()
        self.streams = _Stream("stdout", self.outputs), _Stream("stderr", self.outputs)
        super().__init__(**options)

    def succeeds(self, source: str) -> bool:
        """Run a cell, with the streams of a fresh one; whether it ran without an error."""
        sys.stdout, sys.stderr = self.streams
        return self.run_cell(source, store_history=True).success

    def init_virtualenv(self) -> None:
        pass

    def enable_gui(self, gui: str | None = None) -> None:
        pass

    def ask_exit(self) -> None:
        """`exit` and `quit` end nothing here."""

    def _showtraceback(self, etype: type, evalue: BaseException, stb: list[str]) -> None:
        self.outputs.fail(str(etype.__name__), _message(evalue), stb)

    def no_process(self, *_: object, **__: object) -> None:
        __tracebackhide__ = True
        raise RuntimeError(word("grade.no_process", self.outputs.lang))

    system = system_piped = system_raw = getoutput = no_process


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:
        return ""


def new_shell() -> Shell:
    """A shell that writes nothing to the home folder, with inline pictures.

    Its tracebacks are plain ones: IPython's others read whole files of pandas, up to a second for one error.
    """
    config = Config()
    config.HistoryManager.enabled = False
    config.Completer.use_jedi = False
    with tempfile.TemporaryDirectory() as folder:
        profile = ProfileDir.create_profile_dir(folder, config=Config())
        shell = Shell.instance(config=config, ipython_dir=folder, profile_dir=profile, colors="nocolor", xmode="Plain")
    for name in PROCESSES:
        for kind in ("line", "cell"):
            shell.register_magic_function(shell.no_process, kind, name)
    return shell


def take_over(shell: Shell, lang: str) -> None:
    """From here on the shell speaks this language, and asking for input is an error."""

    def no_input(prompt: object = "") -> str:
        __tracebackhide__ = True
        raise RuntimeError(word("grade.no_input", lang))

    shell.outputs.lang = lang
    builtins.input = no_input
