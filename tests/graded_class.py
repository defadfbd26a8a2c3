"""A made class of twelve, one of them hostile, as it comes out of grading."""

import base64
import io

import nbformat.v4 as v4

from crmlab.assign.roster import Student
from crmlab.grade.records import Graded, Mark
from crmlab.questions.rules import Late

LATE = Late(10, 50)
POINTS = {"q1": 2, "q2": 3, "q3": 5, "q4": 10}
BIDI = "\u202e\u2066"


ROSTER = tuple(Student(f"s{number:02}", f"张示{number:02}", ("zh", "en")[number % 2]) for number in range(1, 13))


def png() -> str:
    """A small picture as a notebook holds it."""
    from PIL import Image

    stream = io.BytesIO()
    Image.new("RGB", (4, 3), "orange").save(stream, format="png")
    return base64.b64encode(stream.getvalue()).decode()


def marks(*earned: float | None, shown: str = "", verdict: str = "", hint: str = "") -> tuple[Mark, ...]:
    """A mark per question; None waits for a person. A missing one is blank."""
    found = []
    for (name, most), one in zip(POINTS.items(), [*earned, *[0] * 4], strict=False):
        code = "manual" if one is None else "right" if one == most else "partly" if one else verdict or "wrong"
        found.append(Mark(name, most, one, code, shown or f"{name} {code}", hint))
    return tuple(found)


def record(student: str, given: tuple[Mark, ...], **about) -> Graded:
    values = {"lesson": "02_segment", "lang": "zh", "file": f"{student}.ipynb", "digest": "ab" * 32, "outcome": "done"}
    return Graded(**(values | {"student": student, "marks": given, "seconds": 2.5} | about))


def hostile(student: str = "s12", lang: str = "en") -> Graded:
    """Texts of every kind that somebody might be harmed by."""
    value = f'=HYPERLINK("http://shop.example")<script>alert(1)</script>{BIDI}<img src=x onerror=alert(1)>' + "x" * 9000
    evil = "</table><script>alert(2)</script>\x00\x1b[31m"
    return record(
        student,
        marks(0, 0, 1.25, None, shown=value, hint=evil),
        lang=lang,
        file="=cmd|' /C calc'!A0 <svg onload=alert(3)>.ipynb",
        flags=("colab", "<script>"),
        notes=("@SUM(A1) <script>alert(4)</script>", "-2+3"),
        late_days=9,
    )


GRADED = (
    record("s01", marks(2, 3, 5, 10), lang="en"),
    record("s02", marks(2, 3, 5, 7.5), late_days=1, handed_in="2026-06-18T08:00"),
    record("s03", marks(2, 0, 2.5, None), lang="en"),
    record("s04", marks(0, 0, 0, 0), outcome="time", seconds=120.0),
    record("s05", marks(2, 1, 0, 4), flags=("vscode",), lang="en"),
    record("s06", marks(2, 1, 0, 4), notes=("两份笔记本，用了较新的一份。",)),
    record("s07", marks(0, 0, 0, 0, shown=" ", verdict="missing"), outcome="unreadable", seconds=0.0, lang="en"),
    record("s08", marks(2, 3, 0, 6), late_days=20),
    record("s09", marks(2, 3, 5, 9), lang="en"),
    record("s10", marks(1, 3, 5, None)),
    hostile(),
)
"""Student s11 handed in nothing."""

EVIL_HTML = """<script>alert(1)</script><img src=x onerror="alert(2)"><iframe src="https://shop.example"></iframe>
<svg onload="alert(3)"><script>alert(4)</script><a href="javascript:alert(5)">x</a></svg>
<a href="javascript:alert(6)">link</a><style>main{display:none}</style><link rel="stylesheet" href="//shop.example/a">
<div style="position:fixed;inset:0" onclick="alert(7)" id="x" class="wrong">over</div><base href="//shop.example/">
<form action="//shop.example"><button formaction="javascript:alert(8)">b</button><input autofocus onfocus=alert(9)>
</form><meta http-equiv="refresh" content="0;url=//shop.example"><object data="x"></object><embed src="x"><math><mtext>
</math><table background="//shop.example/b"><tr><td onmouseover="alert(10)" colspan="2">cell</td></tr></table>
<!--><img src=y onerror=alert(11)>--><template><script>alert(12)</script></template></div></main></body></html>
<noscript><p title="</noscript><img src=z onerror=alert(13)>"></noscript><textarea></table><script>x</script>"""


def notebook(*cells, html: str = "", code: str = 'answer("q1", 3)', outputs=()):
    """An executed notebook: our cells, then the student's, with outputs of every kind."""
    picture = v4.new_output("display_data", {"image/png": png(), "text/plain": "a chart"}, metadata={})
    table = v4.new_output(
        "execute_result", {"text/html": html or "<table><tr><td>7</td></tr></table>", "text/plain": "7"}
    )
    stream = v4.new_output("stream", name="stdout", text="printed <b>words</b>\n")
    fault = v4.new_output("error", ename="KeyError", evalue="'x'", traceback=['File "/srv/secret/place/a.py", line 1'])
    return v4.new_notebook(
        cells=[
            v4.new_code_cell('data = "/srv/secret/hidden"', metadata={"tags": ["parameters"]}),
            v4.new_code_cell('data = "/srv/secret/hidden2"', metadata={"tags": ["injected-parameters"]}),
            v4.new_code_cell("import pandas as pd", metadata={"tags": ["setup"]}),
            v4.new_markdown_cell("## q1\n\nprose **bold** [link](javascript:alert(1)) ![p](http://shop.example/p.png)"),
            v4.new_code_cell(
                code, metadata={"crmlab": {"question": "q1"}}, outputs=[stream, table, picture, fault, *outputs]
            ),
            *cells,
        ]
    )
