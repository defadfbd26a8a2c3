"""A real JupyterLab as `crmlab lab` opens it, on a copy of the course, and what a test does in its page."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

TOKEN = "of-this-test"
WORKSPACE = "alone"
COPIED = ("crmlab", "notebooks", "exercises", "docs", "datasets")
READY = """
    const panel = jupyterapp.shell.currentWidget;
    await panel.context.ready;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    const cells = [...panel.content.widgets];
"""
TELL = """
    return [...panel.content.model.cells].filter(cell => cell.type === "code").map(cell => ({
        source: cell.sharedModel.getSource(), count: cell.executionCount,
        errors: cell.outputs.toJSON().filter(output => output.output_type === "error").map(output => output.ename),
    }));
"""


class JupyterLab:
    """`crmlab lab --lang <lang>` in `folder`, with a home, settings and kernels of its own.

    A kernel that is called python3 and is none waits where Jupyter looks first. `root` is the copy of the course.
    """

    def __init__(self, folder: Path, source: Path, lang: str):
        self.lang = lang
        self.root = folder / "course"
        for name in COPIED:
            shutil.copytree(source / name, self.root / name)
        trap = folder / "trap" / "kernels" / "python3"
        trap.mkdir(parents=True)
        spec = {"argv": ["no-such-python", "{connection_file}"], "display_name": "Another", "language": "python"}
        (trap / "kernel.json").write_text(json.dumps(spec), encoding="utf-8")
        self.port = _free_port()
        config = {
            "ServerApp": {"ip": "127.0.0.1", "port": self.port, "port_retries": 0, "open_browser": False},
            "IdentityProvider": {"token": TOKEN},
            "LabApp": {"expose_app_in_browser": True},
        }
        (folder / "config").mkdir()
        (folder / "config" / "jupyter_server_config.json").write_text(json.dumps(config), encoding="utf-8")
        own = {name: str(folder / name) for name in ("config", "data", "runtime", "ipython", "trap")}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("JUPYTER")} | {
            "HOME": str(folder),
            "PYTHONPATH": str(self.root),
            "JUPYTER_CONFIG_DIR": own["config"],
            "JUPYTER_DATA_DIR": own["data"],
            "JUPYTER_RUNTIME_DIR": own["runtime"],
            "JUPYTER_PATH": own["trap"],
            "IPYTHONDIR": own["ipython"],
        }
        self.log = folder / "log.txt"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "crmlab", "lab", "--lang", lang],
                cwd=self.root,
                env=environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def address(self, place: str) -> str:
        mark = "&" if "?" in place else "?"
        return f"http://127.0.0.1:{self.port}/{place}{mark}token={TOKEN}"

    def ask(self, place: str, method: str = "GET"):
        request = Request(self.address(place), method=method, headers={"Authorization": f"token {TOKEN}"})
        with urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or "null")

    def wait(self, seconds: float = 60) -> None:
        """Until the server answers. Raises AssertionError with its log when it does not come or ends."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.process.poll() is None:
            try:
                self.ask("api/status")
            except (URLError, ConnectionError):
                time.sleep(0.2)
            else:
                return
        raise AssertionError(self.log.read_text(encoding="utf-8", errors="replace"))

    def end_kernels(self) -> None:
        for session in self.ask("api/sessions"):
            self.ask(f"api/sessions/{session['id']}", "DELETE")

    def stop(self) -> None:
        """End the server; it ends its kernels."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextmanager
def running(folder: Path, source: Path, lang: str):
    lab = JupyterLab(folder, source, lang)
    try:
        lab.wait()
        yield lab
    finally:
        lab.stop()


def in_page(page, script: str, seconds: float = 60, given=None):
    """What an asynchronous script in the page gives; `given` is its argument. Fails after `seconds`."""
    return page.evaluate(
        f"""([given, limit]) => Promise.race([
            (async () => {{ {script} }})(),
            new Promise((_, fail) => setTimeout(() => fail(Error("not done after " + limit + " s")), limit * 1000)),
        ])""",
        [given, seconds],
    )


def open_file(page, lab: JupyterLab, path: str) -> None:
    """Open one file alone, in a workspace that leaves the tabs of the welcome page as they are."""
    page.goto(lab.address(f"lab/workspaces/{WORKSPACE}/tree/{path}?reset"))
    page.wait_for_function("window.jupyterapp?.shell.currentWidget?.context?.isReady")


def run_all(page, seconds: float = 120) -> list[dict]:
    """Run the notebook in front and hand back its code cells: source, number of execution, names of errors."""
    return in_page(page, READY + "await jupyterapp.commands.execute('notebook:run-all-cells');" + TELL, seconds)


def run_cells(page, *parts: str, seconds: float = 60) -> None:
    """Run the first code cell with each of these parts in its source, one after the other."""
    script = """
        for (const part of given) {
            panel.content.activeCellIndex = cells.findIndex(cell =>
                cell.model.type === "code" && cell.model.sharedModel.getSource().includes(part));
            if (!await jupyterapp.commands.execute("notebook:run-cell")) throw Error("failed: " + part);
        }
    """
    in_page(page, READY + script, seconds, parts)


def write_cell(page, part: str, source: str) -> None:
    """Put `source` into the first code cell whose source has `part`."""
    script = """
        const cell = cells.find(cell => cell.model.sharedModel.getSource().includes(given[0]));
        cell.model.sharedModel.setSource(given[1]);
    """
    in_page(page, READY + script, given=[part, source])


def in_kernel(page, code: str) -> str:
    """What `code` prints in the kernel of the notebook in front."""
    script = """
        const texts = [];
        const asked = panel.sessionContext.session.kernel.requestExecute({code: given});
        asked.onIOPub = message => {
            if (message.header.msg_type === "stream") texts.push(message.content.text);
            if (message.header.msg_type === "error") texts.push(message.content.evalue);
        };
        await asked.done;
        return texts.join("").trim();
    """
    return in_page(page, READY + script, 60, code)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]
