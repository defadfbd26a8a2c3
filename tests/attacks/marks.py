"""Attack notebooks that try to mark themselves."""

from attacks.kit import ENDED, Attack

WRONG = {"q1": "wrong"}
FORGED = """
import json, os, struct
def frame(message, kind=b"M"):
    body = message if isinstance(message, bytes) else json.dumps(message).encode()
    return kind + struct.pack(">I", len(body)) + body
def forge(*frames):
    for number in range(3, 64):
        try:
            for one in frames:
                os.write(number, one)
        except OSError:
            continue
"""

MARKS = {
    "patched_compare": Attack(
        """
import crmlab.questions.compare, crmlab.grade.marking
everything = lambda *given, **more: (1.0, "right")
crmlab.questions.compare.compare = crmlab.grade.marking.compare = crmlab.questions.compare._same_number = everything
crmlab.questions.compare._is_number = crmlab.questions.compare._same = lambda *given: True
crmlab.grade.marking.shown.__code__ = (lambda value, lang: "R").__code__
answer("q1", -1)
print("tried")
""",
        verdicts=WRONG,
    ),
    "patched_records": Attack(
        """
from crmlab.grade import records, marking
from crmlab.questions import rules
right = (records.Mark("q1", 1, 1.0, "right"), records.Mark("q2", 2, 2.0, "right"))
marking.marks = lambda *given: right
records.Graded.earned = property(lambda self: 3.0)
records.Graded.write = lambda self, path: path.write_text("{}")
rules.read_rules.__globals__["read_rules"] = None
answer("q1", -1)
print("tried")
""",
        verdicts=WRONG,
    ),
    "patched_json": Attack(
        """
import json
json.dumps = lambda *given, **more: '{"answer": "q1", "earned": 1, "share": 1, "verdict": "right"}'
answer("q1", -1)
""",
        outcome="crash",
        says=ENDED,
        verdicts={"q1": "not_plain"},
    ),
    "patched_encode": Attack(
        """
import crmlab.grade.child as child, crmlab.questions.plain as plain
for module in (child, plain):
    module.encode = lambda value: {"plain": [{"verdict": "right", "earned": 1}]}
answer("q1", -1)
print("tried")
""",
        verdicts={"q1": "not_plain"},
    ),
    "equal_to_all": Attack(
        """
class Number(int):
    __eq__ = __ge__ = __le__ = lambda self, other: True
    __ne__ = __lt__ = __gt__ = lambda self, other: False
    __hash__ = lambda self: 0
    __int__ = __float__ = __index__ = __trunc__ = lambda self: 10**6
answer("q1", Number(-1))
""",
        """
class Text(str):
    __eq__ = lambda self, other: True
    __hash__ = lambda self: 0
    strip = lambda self, *given: self
    __str__ = lambda self: "any"
answer("q2", Text("x"))
print("tried")
""",
        verdicts={"q1": "wrong", "q2": "wrong"},
    ),
    "float_of_all": Attack(
        """
from decimal import Decimal
class Anything:
    __float__ = lambda self: 1.0
    __int__ = __index__ = lambda self: 1
    __eq__ = lambda self, other: True
    __class__ = property(lambda self: int)
class Odd(Decimal):
    __float__ = lambda self: float("nan")
tried("class", lambda: answer("q1", Anything()))
answer("q1", Odd(1))
""",
        'answer("q2", [float("nan"), float("inf")])',
        says=("class refused TypeError",),
        verdicts={"q1": "wrong", "q2": "kind"},
    ),
    "frames_and_gc": Attack(
        """
import gc, sys
kinds = {"Hidden", "Assignment", "Graded", "Submission", "Rules", "Variant", "Pool", "Handle"}
for one in gc.get_objects():
    if type(one).__name__ in kinds and type(one).__module__.startswith("crmlab"):
        print("got", type(one).__name__)
    if type(one).__name__ == "Key":
        print("key of the data", one.secret)
frame = sys._getframe()
while frame := frame.f_back:
    for name in sorted({"expected", "right", "hidden", "key", "secret", "assignment"} & frame.f_locals.keys()):
        print("got", name)
print([name for name in sys.modules if name in ("crmlab.grade.hidden", "crmlab.questions.right")] and "got modules")
for cell in answer.__closure__ or ():
    if "expected" in dir(cell.cell_contents):
        print("got", cell)
print("tried")
"""
    ),
    "forged_messages": Attack(
        FORGED
        + """
table = {"table": [{"name": "a", "type": "int", "values": [1, "x"]}, {"name": "a", "type": "code", "values": []}]}
forge(
    frame({"answer": "q1", "earned": 1, "points": 1, "verdict": "right", "share": 1}),
    frame({"answer": "q2", "student": "right", "name": "right", "value": {"plain": "nonsense"}}),
    frame({"student": "half", "marks": [{"question": "q1", "earned": 0}], "outcome": "crash", "answer": ["q1"]}),
    frame({"answer": "q1", "value": {"plain": table}, "expected": 1}),
    frame({"answer": "records/right.json", "value": {"plain": 1}}),
    frame({"cell": -1, "outputs": 7, "error": False}),
)
""",
        'print("tried")',
        verdicts={"q1": "not_plain", "q2": "wrong"},
    ),
    "forged_huge": Attack(
        FORGED
        + """
forge(b"M" + struct.pack(">I", 2**32 - 1), *[b"x" * 2**16] * 1000)
""",
        outcome="output",
        says=ENDED,
    ),
    "forged_deep": Attack(
        FORGED + "forge(frame(b'{\"answer\": \"q1\", \"value\": ' + b'[' * 10**5 + b']' * 10**5 + b'}'))",
        outcome="crash",
        says=ENDED,
    ),
    "forged_pickle": Attack(
        FORGED
        + """
import pickle
class Bomb:
    def __reduce__(self):
        return os.mkdir, (known["out"] + "/pickled",)
forge(frame(pickle.dumps(Bomb())))
""",
        outcome="crash",
        says=ENDED,
    ),
    "forged_end": Attack(
        FORGED + 'forge(frame({"answer": "q2", "earned": 2}), frame(b"", b"E"))\nwhile True: pass',
        outcome="crash",
        says=ENDED,
        verdicts={"q2": "not_plain"},
    ),
    "forged_cells": Attack(
        FORGED
        + """
page = {"output_type": "display_data", "data": {"text/html": "<script src=//evil.example></script>3 / 3"},
        "metadata": {"image/png": {"alt": "<script>"}}}
about = {"output_type": "stream", "name": "stdout", "text": "tried \\u202e<script>"}
forge(*(frame({"cell": place, "outputs": [page, about, 7, {}], "error": False}) for place in range(20)))
"""
    ),
    "pickle_answer": Attack(
        """
import os, pickle
class Bomb:
    def __reduce__(self):
        return os.mkdir, (known["out"] + "/pickled",)
    def __deepcopy__(self, memo):
        return 1
answer("q1", Bomb())
""",
        'answer("q2", pickle.dumps(Bomb()))\nprint("tried")',
        verdicts={"q1": "not_plain", "q2": "not_plain"},
    ),
    "replaced_pandas": Attack(
        """
import pandas as pd
pd.DataFrame.equals = pd.Series.equals = lambda self, other: True
pd.DataFrame.__eq__ = pd.Series.__eq__ = lambda self, other: True
pd.DataFrame.to_csv = lambda self, *given, **more: "q1,q2\\n1,2\\n"
class Frame(pd.DataFrame):
    __len__ = lambda self: 1
    shape = property(lambda self: (1, 1))
answer("q1", Frame({"q1": [1.0], "earned": [1.0]}))
print("tried")
""",
        verdicts={"q1": "kind"},
    ),
    "real_practice": Attack(
        """
import importlib, sys
import crmlab.course
del sys.modules["crmlab.course.practice"]
real = importlib.import_module("crmlab.course.practice")
say, ask = real.practice("00_start", shop, settings)
for guess in range(3):
    say("q1", guess)
    tried("check", lambda: ask("q1"))
compare = importlib.import_module("crmlab.questions.compare")
tried("right", lambda: compare.right_answer("00_start", "q1", shop, settings))
print("check of the run:", check("q1"))
""",
        says=("check refused (PermissionError|ModuleNotFoundError|ImportError)", "right refused"),
    ),
    "trace_and_atexit": Attack(
        """
import atexit, sys, threading
from crmlab.grade.records import Mark
def look(frame, event, given):
    trusted = ("crmlab.questions.compare", "crmlab.grade.marking", "crmlab.questions.right")
    if frame.f_globals.get("__name__", "").startswith(trusted):
        print("got", frame.f_code.co_name)
    return look
sys.settrace(look)
sys.setprofile(look)
threading.settrace(look)
atexit.register(lambda: answer("q1", 0))
sys.excepthook = sys.unraisablehook = lambda *given: answer("q1", 0)
sys.addaudithook(lambda *given: None)
answer("q1", -1)
print("tried")
""",
        verdicts=WRONG,
    ),
    "ipython_hooks": Attack(
        """
import ast
shell = get_ipython()
shell.events.register("post_run_cell", lambda result: answer("q1", {"earned": 1}))
shell.input_transformers_post.append(lambda lines: ["print('rewritten')\\n"])
shell.outputs.end = lambda: [
    {"output_type": "display_data", "metadata": {"crmlab": {"question": "q1", "earned": 1}},
     "data": {"application/javascript": "alert(1)", "text/html": "<script>alert(1)</script>tried"}}]
shell.run_cell.__func__.__defaults__ = ()
""",
        verdicts={"q1": "not_plain"},
        says=("tried", "<script>"),
    ),
}
