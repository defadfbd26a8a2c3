"""What `crmlab lab` writes and tells JupyterLab; tests/browser opens it."""

import importlib.util
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from crmlab import cli
from crmlab.errors import DataError
from crmlab.lab import lab_arguments, open_lab, pages
from crmlab.lab.kernels import ThisPython
from crmlab.words import LANGUAGES, word

ROOT = Path(__file__).resolve().parents[1]
LINK = re.compile(r"\]\(([^)]+)\)")
READMES = {"zh": "README.zh.md", "en": "README.md"}


@pytest.fixture
def course(tmp_path) -> Path:
    """The lesson sources, and nothing else of the course."""
    shutil.copytree(ROOT / "notebooks" / "source", tmp_path / "notebooks" / "source")
    return tmp_path


@pytest.fixture
def launched(monkeypatch):
    """What JupyterLab was started with; it is not started."""
    calls = []
    monkeypatch.setattr("jupyterlab.labapp.LabApp.launch_instance", calls.append)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "of-the-user")
    return calls


def defaults(folder: Path) -> dict:
    return json.loads((folder / "labconfig" / "default_setting_overrides.json").read_text(encoding="utf-8"))


def test_jupyterlab_is_told_where_its_tabs_are_and_which_python(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    arguments = lab_arguments(tmp_path, "en")
    assert arguments == [
        f"--ServerApp.root_dir={tmp_path}",
        "--ServerApp.kernel_spec_manager_class=crmlab.lab.kernels.ThisPython",
        "--LabApp.default_url=/lab",
        f"--LabApp.workspaces_dir={tmp_path / 'out' / 'lab' / 'en' / 'workspaces'}",
        "--KernelManager.transport_encryption=auto",
    ]
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    assert lab_arguments(tmp_path, "en") == [*arguments, "--allow-root"]
    monkeypatch.setattr("zmq.has", lambda _: False)
    assert "--KernelManager.transport_encryption=auto" not in lab_arguments(tmp_path, "en")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_welcome_page_has_every_lesson_as_the_readme_has_it(lang):
    folder = ROOT / "out" / "lab" / lang
    page = pages.welcome(
        ROOT, [path.stem for path in sorted((ROOT / "notebooks" / lang).glob("*.ipynb"))], lang, folder
    )
    readme = (ROOT / READMES[lang]).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\[\d\d .+?\]\()(.+?\)) \| (\d+) \|", readme, re.MULTILINE)
    assert len(rows) == 5
    for title, place, minutes in rows:
        assert f"- {title}../../../{place} · {word('lab.minutes', lang, minutes=minutes)} · [" in page
    assert word("lab.run_all", lang) in page
    places = LINK.findall(page)
    assert len(places) == 13
    assert [place for place in places if not (folder.parent / lang / place).resolve().exists()] == []


def test_a_lesson_without_an_exercise_has_no_link_to_one(course):
    page = pages.welcome(course, ["00_start"], "en", course / "out" / "lab" / "en")
    assert "/00_start.ipynb) · 15 minutes\n" in page


def test_the_page_and_the_first_lesson_stand_side_by_side_with_the_contents_at_the_left(course, launched):
    assert open_lab(course, "en") == 0
    (kept,) = (course / "out" / "lab" / "en" / "workspaces").iterdir()
    data = json.loads(kept.read_text(encoding="utf-8"))["data"]
    tabs = ["markdownviewer-widget:out/lab/en/welcome.md", "notebook:notebooks/en/00_start.ipynb"]
    main = data["layout-restorer:data"]["main"]
    assert [half["widgets"] for half in main["dock"]["children"]] == [[tab] for tab in tabs]
    assert main["current"] == tabs[1]
    assert data["layout-restorer:data"]["left"]["current"] == "@jupyterlab/toc:plugin"
    assert [data[tab]["data"]["path"] for tab in tabs] == ["out/lab/en/welcome.md", "notebooks/en/00_start.ipynb"]


@pytest.mark.parametrize("pack", [True, False])
@pytest.mark.parametrize("lang", LANGUAGES)
def test_menus_are_chinese_for_chinese_readers_who_have_the_pack_and_else_as_the_user_has_them(
    course, launched, monkeypatch, lang, pack
):
    monkeypatch.setattr("crmlab.lab.start.find_spec", lambda _: "there" if pack else None)
    open_lab(course, lang)
    written = defaults(course / "out" / "lab" / lang)
    locale = written.get("@jupyterlab/translation-extension:plugin", {}).get("locale")
    assert locale == ("zh_CN" if pack and lang == "zh" else None)
    assert written["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    (button,) = written["@jupyterlab/notebook-extension:panel"]["toolbar"]
    assert button["label"] == word("lab.run_all", lang)


def test_our_defaults_stand_beside_the_settings_of_the_user(course, launched, monkeypatch, capsys):
    open_lab(course, "zh")
    assert os.environ["JUPYTER_CONFIG_PATH"] == os.pathsep.join([str(course / "out" / "lab" / "zh"), "of-the-user"])
    monkeypatch.delenv("JUPYTER_CONFIG_PATH")
    open_lab(course, "en")
    assert os.environ["JUPYTER_CONFIG_PATH"] == str(course / "out" / "lab" / "en")
    assert launched == [lab_arguments(course, "zh"), lab_arguments(course, "en")]
    assert ("--allow-root" in launched[0]) == (word("run.lab_root", "zh") in capsys.readouterr().err)


def test_a_folder_that_cannot_be_written_is_named(course, launched):
    (course / "out").write_text("", encoding="utf-8", newline="\n")
    with pytest.raises(DataError, match=r"The folder out/lab/en cannot be written: "):
        open_lab(course, "en")
    assert launched == []


def test_the_command_opens_the_course_in_the_language_that_is_asked_for(course, launched, monkeypatch):
    monkeypatch.setattr(cli, "course_root", lambda: course)
    assert cli.main(["lab", "--lang", "en"]) == 0
    assert launched == [lab_arguments(course, "en")]


def test_only_this_python_is_offered_whatever_is_installed_under_its_name(tmp_path, monkeypatch):
    spec = {"argv": ["other", "{connection_file}"], "display_name": "Another", "language": "python"}
    for name in ("python3", "another"):
        (tmp_path / "kernels" / name).mkdir(parents=True)
        (tmp_path / "kernels" / name / "kernel.json").write_text(json.dumps(spec), encoding="utf-8", newline="\n")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    specs = ThisPython().get_all_specs()
    assert list(specs) == ["python3"]
    assert specs["python3"]["spec"]["argv"][0] == sys.executable


def test_the_arrow_keys_that_are_switched_off_are_those_of_this_jupyterlab():
    from jupyterlab.commands import get_app_dir

    schema = Path(get_app_dir()) / "schemas" / "@jupyterlab" / "notebook-extension" / "tracker.json"
    own = json.loads(schema.read_text(encoding="utf-8"))["jupyter.lab.shortcuts"]
    ours = pages.arrows()
    off = [shortcut for shortcut in ours if shortcut.pop("disabled", False)]
    assert len(off) == 4
    assert [shortcut for shortcut in off if shortcut not in own] == []
    back = [shortcut for shortcut in ours if shortcut not in off]
    assert [(shortcut["command"], shortcut["keys"]) for shortcut in back] == [
        (shortcut["command"], shortcut["keys"]) for shortcut in off
    ]
    assert {shortcut["selector"] for shortcut in back} == {
        f"{pages.IN_NOTEBOOK}:not(input):not(select):not([role=slider])"
    }


@pytest.fixture
def tasks(monkeypatch, tmp_path):
    """tasks.py with everything set up, whose commands are kept in `tasks.ran` and not run."""
    spec = importlib.util.spec_from_file_location("tasks", ROOT / "tasks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.ran = []
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "set_up", lambda: None)
    monkeypatch.setattr(module, "run", lambda *words, **_: module.ran.append([str(word) for word in words]) or 0)
    return module


def test_make_lab_adds_the_chinese_menus_once_and_for_chinese_readers_only(tasks, monkeypatch):
    for lang in ("en", "zh", "zh"):
        monkeypatch.setattr(sys, "argv", ["tasks.py", "lab", "--lang", lang])
        assert tasks.main() == 0
    english, pack, *chinese = [words[-1] for words in tasks.ran]
    assert english == "en"
    assert pack.endswith("requirements-lab-zh.lock")
    assert chinese == ["zh", "zh"]


def test_the_lessons_open_when_the_chinese_menus_cannot_be_fetched(tasks, monkeypatch, capsys):
    monkeypatch.setattr(tasks, "run", lambda *words, **_: tasks.ran.append(words[-1]) or int("install" in words))
    monkeypatch.setattr(sys, "argv", ["tasks.py", "lab"])
    assert tasks.main() == 0
    assert tasks.ran[-1] == "zh"
    assert "Going on without the extra 'lab-zh'." in capsys.readouterr().out
