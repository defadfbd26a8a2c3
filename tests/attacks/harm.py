"""Attack notebooks that mean to harm: the machine, the grader, the run of the class, the instructor's browser."""

from attacks.kit import ENDED, Attack

HARM = {
    "writes_grades": Attack(
        """
import os, pathlib
for place in (known["out"], os.path.relpath(known["out"]), known["home"]):
    for name in ("records/right.json", "records/forged.json", "gradebook.csv", "feedback/right.html", "basis.txt"):
        tried(name, lambda: pathlib.Path(place, name).write_text('{"earned": 3}'))
    tried("folder", lambda: pathlib.Path(place, "forged").mkdir())
pathlib.Path("records").mkdir()
pathlib.Path("records/right.json").write_text('{"earned": 3}')
print("tried")
""",
        says=("records/right.json refused", "gradebook.csv refused", "folder refused", "tried"),
    ),
    "exits_at_once": Attack("import os\nos._exit(0)", 'answer("q2", "x")', outcome="crash", says=ENDED),
    "leaves_politely": Attack("import sys\nprint('tried')\nsys.exit(0)", "raise KeyboardInterrupt"),
    "closes_everything": Attack("import os\nos.closerange(0, 1000)", outcome="crash", says=ENDED),
    "never_ends": Attack(
        """
import signal
def again(*given): pass
while True:
    try:
        while True:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, again)
    except BaseException:
        pass
""",
        'answer("q2", "x")',
        outcome="time",
        says=ENDED,
    ),
    "never_ends_in_c": Attack("import itertools\nsum(itertools.count())", outcome="time", says=ENDED),
    "late_cell": Attack("while True: pass", 'print("tried")', says=("TimeoutError", "tried")),
    "takes_50_gb": Attack(
        """
import numpy as np
tried("bytes", lambda: len(bytearray(50 << 30)))
tried("array", lambda: np.ones(50 << 27).sum())
kept = []
def more():
    while True:
        kept.append(bytearray(64 << 20))
tried("pieces", more)
""",
        says=("bytes refused MemoryError", "array refused", "pieces refused (MemoryError|TimeoutError)"),
    ),
    "prints_200_mb": Attack(
        """
import os
print("x" * 200_000_000)
os.write(1, b"x" * 1000)
os.write(2, b"x" * 1000)
print("tried")
""",
        'for _ in range(100_000): print("<script>alert(1)</script>")',
        says=("characters after this were not kept",),
    ),
    "shows_5000": Attack(
        """
from IPython.display import display
for number in range(5000):
    display({"text/html": f"<b>{number}</b>"}, raw=True)
""",
        says=("outputs were not kept",),
    ),
    "forks": Attack(
        """
import multiprocessing, os, pty, subprocess, sys
tried("fork", lambda: [os.fork() for _ in range(10)])
tried("spawn", lambda: os.posix_spawn(sys.executable, [sys.executable, "-c", "pass"], {}))
tried("exec", lambda: os.execv(sys.executable, [sys.executable, "-c", "pass"]))
tried("run", lambda: subprocess.run(["/bin/sh", "-c", "id"], check=True))
tried("pty", lambda: pty.fork())
tried("pool", lambda: multiprocessing.get_context("fork").Process(target=print).start())
tried("system", lambda: os.system("exit 0") == 0 or [][0])
tried("magic", lambda: get_ipython().run_line_magic("sx", "id"))
""",
        says=tuple(f"{name} refused" for name in ("fork", "spawn", "exec", "run", "pty", "pool", "system", "magic")),
    ),
    "deletes": Attack(
        """
import os, pathlib, shutil
import crmlab
for place in (known["out"], known["handed_in"], known["key"], known["home"], data):
    shutil.rmtree(place, ignore_errors=True)
    tried(f"remove {place}", lambda: os.remove(place))
    tried(f"move {place}", lambda: os.rename(place, "mine"))
for path in pathlib.Path(data).iterdir():
    tried("data", lambda: path.unlink())
    tried("table", lambda: open(path, "r+b"))
tried("package", lambda: open(crmlab.__file__, "a"))
tried("cached", lambda: pathlib.Path(crmlab.__file__).with_name("new.py").touch())
tried("python", lambda: open(os.__file__, "a"))
shutil.rmtree(os.getcwd(), ignore_errors=True)
print("tried")
""",
        says=("data refused", "table refused", "package refused", "cached refused", "python refused", "tried"),
    ),
    "kills": Attack(
        """
import os, resource, signal
tried("parent", lambda: os.kill(os.getppid(), signal.SIGKILL))
tried("grader", lambda: os.kill(known["pid"], signal.SIGCONT))
tried("everybody", lambda: os.kill(-1, signal.SIGCONT))
tried("group", lambda: os.killpg(os.getpgid(os.getppid()), signal.SIGCONT))
tried("by_file", lambda: signal.pidfd_send_signal(os.pidfd_open(os.getppid()), signal.SIGCONT))
tried("limits", lambda: resource.prlimit(os.getppid(), resource.RLIMIT_CORE, (0, 0)))
""",
        says=tuple(f"{name} refused" for name in ("parent", "grader", "everybody", "by_file", "limits")),
    ),
    "stays": Attack(
        """
import threading, time
answered = threading.Event()
def on():
    while True:
        try:
            open("alive", "w").close()
            answer("q1", 0)
            answered.set()
        except BaseException:
            pass
        time.sleep(0.01)
for daemon in (True, False):
    threading.Thread(target=on, daemon=daemon).start()
answered.wait(2)
print("tried")
""",
        verdicts={"q1": "wrong"},
    ),
    "many_threads": Attack(
        """
import threading, time
threading.stack_size(1 << 15)
for _ in range(10_000):
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
""",
        outcome="",
        says=("RunEnded|can't start new thread",),
    ),
    "many_files": Attack(
        """
def fill():
    for number in range(100_000):
        open(f"{number}", "w").close()
    return number
tried("files", fill)
""",
        outcome="",
        says=("files refused OSError|RunEnded",),
    ),
    "fills_the_disk": Attack(
        """
def fill():
    for number in range(40):
        with open(f"big{number}", "wb") as file:
            for _ in range(16):
                file.write(bytes(1 << 20))
    return number
tried("disk", fill)
""",
        outcome="",
        says=("disk refused OSError|RunEnded",),
    ),
    "script_in_output": Attack(
        """
from IPython.display import HTML, SVG, IFrame, Javascript, Markdown, display
bad = "<script>alert(1)</script><iframe src='https://evil.example/'></iframe><img src=x onerror=alert(1)>"
bad += "<svg onload=alert(1)><a href='javascript:alert(1)'>a</a></svg><b onclick=alert(1)>tried</b><style>*{}</style>"
bad += "<link rel=stylesheet href=//evil.example/x.css><meta http-equiv=refresh content='0;url=//evil.example'>"
bad += "<table><tr><td onmouseover=alert(1) style='background:url(//evil.example)'>1</table></body><base href=//e>"
display(HTML(bad), Markdown(bad + "[a](javascript:alert(1)) ![b](https://evil.example/b.png)"))
display(Javascript("alert(1)"), IFrame("https://evil.example/", 1, 1), {"image/svg+xml": bad}, raw=False)
display({"image/svg+xml": bad, "text/plain": "x", "image/png": bad}, raw=True)
print(bad, "\\x1b]8;;https://evil.example\\x07a\\x1b]8;;\\x07")
""",
        "raise type('<script>alert(1)</script>', (Exception,), {})('<img src=x onerror=alert(1)>')",
        shown=("<script>alert(1)</script>",),
    ),
    "script_in_answer": Attack(
        """
answer("q1", "<script>alert(1)</script>")
""",
        """
answer("q2", "</td><img src=x onerror=alert(1)>\\ud800\\u202e\\x00\\x1b[31m")
tried("name", lambda: answer("<script>alert(1)</script>", 1))
""",
        says=("name refused",),
        verdicts={"q1": "kind", "q2": "wrong"},
        shown=("<script>alert(1)</script>", "</td><img src=x onerror=alert(1)>"),
    ),
    "formula_answer": Attack(
        'answer("q1", "@SUM(1+1)")',
        """answer("q2", "=cmd|' /C calc'!A0")\nprint("tried")""",
        verdicts={"q1": "kind", "q2": "wrong"},
        name="=cmd| -C calc!A0.ipynb",
        shown=("=cmd|' /C calc'!A0",),
    ),
    "huge_number": Attack(
        'answer("q1", 1 << 3_321_928_095)',
        'answer("q2", [10**20, "x" * 10**7])\nprint("tried")',
        verdicts={"q1": "too_large", "q2": "too_large"},
    ),
    "endless_answer": Attack(
        """
deep = []
for _ in range(100_000):
    deep = [deep]
answer("q1", deep)
""",
        """
import pandas as pd
round_about = []
round_about.append(round_about)
answer("q2", round_about)
answer("q2", pd.DataFrame({"a": [round_about]}))
print("tried")
""",
        verdicts={"q1": "not_plain", "q2": "not_plain"},
    ),
    "many_answers": Attack(
        'for number in range(100_000): answer("q1", ["x" * 100] * 10)',
        'answer("q2", "x")\nprint("tried")',
        outcome="",
        says=("outputs of this cell were not kept|RunEnded|TimeoutError",),
    ),
}
