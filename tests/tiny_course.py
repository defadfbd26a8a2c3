"""A course of two small lessons to build and run in tests."""

from pathlib import Path

HEADER = """\
# ---
# crmlab:
#   number: "{number}"
#   name: {name}
#   minutes: 10
#   title: {{zh: 分群, en: Segments}}
#   questions: {{zh: [谁最近来过？], en: ["Who came lately?"]}}
#   objectives: {{zh: [能标出 3 个记号], en: [You can set 3 marks]}}
#   key_points: {{zh: [记号是比较], en: [A mark is a comparison]}}
# ---

"""
BODY = """\
# %% tags=["parameters"]
lang = "zh"  # language
data = "teaching"
window = 365
tables = ""

# %% tags=["setup"]
from pathlib import Path

from crmlab.course.settings import check_settings

settings = check_settings(lang=lang, data=data, window=window, tables=tables)

# %% [markdown] lang="zh"
# ## 窗口
#
# 窗口是 365 天，见 `window`。

# %% [markdown] lang="en"
# ## The window
#
# The window is 365 days, see `window`.

# %% tags=["nbval-check-output"]
print(f"window {settings.window}")

# %% exercise="setup"
from crmlab.course.practice import answer, check

# %% [markdown] lang="zh" question="q1"
# 窗口有多长？

# %% [markdown] lang="en" question="q1"
# How long is the window?

# %% solution="q1"
answer("q1", settings.window)
"""
TABLE_LESSON = """\
# %% tags=["parameters"]
lang = "zh"
data = "teaching"
orders = ""
as_of = ""
tables = ""

# %%
from pathlib import Path

if tables:
    Path(tables, "types.csv").write_text("customer,type\\na,1\\nb,2\\n", encoding="utf-8")
    Path(tables, "seen.txt").write_text(f"{data}|{orders}", encoding="utf-8")
import sys

sys.executable == "", sys.prefix
"""


def lesson_source(number: str = "01", name: str = "window", body: str = BODY) -> str:
    return HEADER.format(number=number, name=name) + body


def write_lesson(root: Path, number: str, name: str, body: str = BODY) -> Path:
    path = root / "notebooks" / "source" / f"{number}_{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(lesson_source(number, name, body), encoding="utf-8", newline="\n")
    return path


def write_readmes(root: Path) -> None:
    for name in ("README.md", "README.zh.md"):
        text = f"# {name}\n\n<!-- lessons -->\n<!-- /lessons -->\n\nThe end.\n"
        (root / name).write_text(text, encoding="utf-8", newline="\n")


def write_unexecuted(root: Path, lang: str = "zh") -> None:
    """Put the generated notebooks in their places without running them: enough for `crmlab run`."""
    from crmlab.course import notebook
    from crmlab.course.source import read_lessons

    folder = root / "notebooks" / lang
    folder.mkdir(parents=True, exist_ok=True)
    for lesson in read_lessons(root / "notebooks" / "source"):
        text = notebook.written(lesson.notebook(lang))
        (folder / f"{lesson.stem}.ipynb").write_text(text, encoding="utf-8", newline="\n")
