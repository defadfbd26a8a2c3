"""Packages of a class: the same bytes every time, an exercise that runs, and no answer, key or seed in them."""

import io
import json
import os
import zipfile
from types import SimpleNamespace

import nbformat
import pytest

from crmlab.assign.package import assign, open_lesson, packed
from crmlab.assign.roster import RosterError, Student, read_roster
from crmlab.assign.variants import hidden_variant, variant
from crmlab.collect.pseudonym import Key
from crmlab.course.paths import course_root
from crmlab.course.source import literal_parameters
from crmlab.errors import CrmlabError, DataError

ROOT = course_root()
KEY = Key(b"a key of a class that nobody else has")
CLASS = (Student("s01", "王示一", "zh"), Student("s02", "Ann Example", "en"))


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def packages(tmp_path_factory, told):
    out = tmp_path_factory.mktemp("class") / "packages"
    written = assign(ROOT, CLASS, "02", KEY, out, jobs=2, progress=lambda done, of: told.append((done, of)))
    assert sorted(out.iterdir()) == sorted(written) == [out / "s01.zip", out / "s02.zip"]
    return {path.stem: path.read_bytes() for path in written}


def files_of(package: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def notebook_of(package: bytes, student: str):
    return nbformat.reads(files_of(package)[f"{student}/02_segment_{student}.ipynb"].decode(), as_version=4)


def test_progress_is_told(packages, told):
    assert told == [(1, 2), (2, 2)]


def test_the_same_roster_and_key_give_the_same_bytes(packages):
    """Drawn once more in this process, beside those that other processes wrote."""
    lesson = open_lesson(ROOT, "02_segment")
    assert packed(CLASS[1], lesson, variant(KEY, lesson.stem, "s02")) == packages["s02"]


def test_a_package_is_one_folder_with_safe_names(packages):
    for student, package in packages.items():
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            entries = archive.infolist()
        assert all(entry.filename.startswith(f"{student}/") and entry.filename.isascii() for entry in entries)
        assert {entry.external_attr >> 16 for entry in entries} == {0o100644}
        assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
        assert len(package) < 2**20


def test_the_parameters_are_those_of_the_student(packages):
    for student in CLASS:
        notebook = notebook_of(packages[student.id], student.id)
        nbformat.validate(notebook)
        [cell] = [cell for cell in notebook.cells if "parameters" in cell.metadata.get("tags", ())]
        given = literal_parameters(cell.source)
        mine = variant(KEY, "02_segment", student.id)
        assert (given["lang"], given["data"], given["as_of"]) == (student.lang, "data", "")
        assert (given["window"], given["groups"]) == (mine.window, mine.groups)
        assert f'as_of = "{mine.as_of}"'.encode() in files_of(packages[student.id])[f"{student.id}/data/data.toml"]
        assert notebook.metadata["crmlab"] == {"lesson": "02_segment", "lang": student.lang, "student": student.id}


def test_blanks_are_marked_with_their_question(packages):
    lesson = open_lesson(ROOT, "02")
    notebook = notebook_of(packages["s01"], "s01")
    marked = [cell for cell in notebook.cells if "crmlab" in cell.metadata]
    assert [cell.metadata["crmlab"] for cell in marked] == [{"question": cell.question} for cell in lesson.questions]
    assert all(cell.source == f'answer("{cell.metadata["crmlab"]["question"]}", ...)' for cell in marked)


def test_no_package_holds_an_answer_a_secret_or_a_place_of_the_instructor(packages):
    lesson = open_lesson(ROOT, "02")
    shown = lesson.exercise("zh").cells + lesson.exercise("en").cells
    shown = "\n".join(cell.source for cell in shown)
    solved = [line.strip() for cell in lesson.cells if cell.solution for line in cell.text["zh"].splitlines()]
    solved = [line for line in solved if len(line) > 12 and line not in shown]
    assert len(solved) > 20
    hidden = hidden_variant(KEY, "02_segment")
    for student in CLASS:
        files = files_of(packages[student.id])
        seeds = [str(hidden.seed), str(variant(KEY, "02_segment", student.id).seed)]
        secrets = [KEY.secret.decode(), str(ROOT), os.path.expanduser("~/"), *seeds, student.name, *solved]
        assert all(secret.encode() not in content for secret in secrets for content in files.values())
        assert not [name for name in files if "truth" in name or "solution" in name or name.endswith(".py")]
        assert all(other.id not in json.dumps(list(files)) for other in CLASS if other is not student)


def test_the_readme_is_in_the_language_of_the_student(packages):
    chinese, english = (files_of(packages[one.id])[f"{one.id}/readme.md"].decode() for one in CLASS)
    assert "只交 `02_segment_s01.ipynb`" in chinese
    assert "hand in `02_segment_s02.ipynb` alone" in english


def test_the_solutions_pass_every_check_on_a_variant(packages, tmp_path, monkeypatch):
    """The exercise of the package with the blanks filled, run beside its unpacked data."""
    with zipfile.ZipFile(io.BytesIO(packages["s02"])) as archive:
        archive.extractall(tmp_path)
    monkeypatch.chdir(tmp_path / "s02")
    filled = {cell.id: cell.source for cell in open_lesson(ROOT, "02").solution("en").cells}
    space: dict[str, object] = {}
    passed = {}
    for cell in notebook_of(packages["s02"], "s02").cells:
        if cell.cell_type != "code":
            continue
        if cell.source.startswith("check("):
            checked = eval(cell.source, space)
            passed[cell.source] = checked.passed, checked.text
        else:
            marked = cell.metadata.get("crmlab")
            exec(filled[cell.id] if marked else cell.source, space)
    assert len(passed) == 12
    assert [text for right, text in passed.values() if not right] == []


def test_a_lesson_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CrmlabError, match="02_segment"):
        assign(ROOT, CLASS, "09", KEY, tmp_path)


def test_nobody_to_assign_to_gives_nothing(tmp_path):
    assert assign(ROOT, (), "02", KEY, tmp_path / "out") == []


def test_a_crash_leaves_no_half_package(tmp_path, monkeypatch):
    monkeypatch.setattr("crmlab.assign.package.variant_files", lambda one: {"x.csv": b"1"})
    assign(ROOT, CLASS, "02", KEY, tmp_path, jobs=1)
    before = (tmp_path / "s02.zip").read_bytes()

    def broken(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("crmlab.assign.package.variant_files", lambda one: {"x.csv": b"22"})
    monkeypatch.setattr("crmlab.assign.package.os", SimpleNamespace(replace=broken))
    with pytest.raises(KeyboardInterrupt):
        assign(ROOT, CLASS[1:], "02", KEY, tmp_path, jobs=1)
    assert (tmp_path / "s02.zip").read_bytes() == before


def roster(folder, text: str, encoding: str = "utf-8", name: str = "roster.csv"):
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_a_roster_in_any_encoding(tmp_path, encoding):
    path = roster(
        tmp_path, "学号,姓名,语言,班级\n2023001, 王示一 ,,甲\nx.b-2,Ann Example,EN,乙\n３,李示二,中文,\n", encoding
    )
    assert read_roster(path) == (
        Student("2023001", "王示一", "zh"),
        Student("x.b-2", "Ann Example", "en"),
        Student("3", "李示二", "zh"),
    )


def test_a_roster_needs_student_numbers_alone(tmp_path):
    assert read_roster(roster(tmp_path, "Student\nA1\n\nA2\n")) == (Student("A1", "", "zh"), Student("A2", "", "zh"))


def test_a_roster_from_excel(tmp_path):
    import openpyxl

    book = openpyxl.Workbook()
    for row in (["学号", "姓名"], [2023000001, "王示一"], ["007", "李示二"]):
        book.active.append(row)
    book.save(tmp_path / "roster.xlsx")
    assert [student.id for student in read_roster(tmp_path / "roster.xlsx")] == ["2023000001", "007"]


def test_faulty_rows_are_named_and_nobody_is(tmp_path):
    rows = [
        "s1,王示一,zh", ",李示二,zh", "S1,赵示三,zh", "../s2,钱示四,zh", "CON,孙示五,zh", "s 3,周示六,en",
        "s4,吴示七,fr", "con,郑示八,zh", "s5.,冯示九,zh", f"{'x' * 65},陈示十,zh", "s6,a,zh,more", "学号,卫示,zh",
    ]  # fmt: skip
    with pytest.raises(RosterError) as told:
        read_roster(roster(tmp_path, "student,name,lang\n" + "\n".join(rows) + "\n"))
    wanted = ["blank", "twice", *["no_file_name"] * 3, "lang", *["no_file_name"] * 3, "record", "no_file_name"]
    assert told.value.faults == list(enumerate(wanted, start=3))
    for lang, of in (("zh", "有 11 行"), ("en", "has 11 rows")):
        message = told.value.message(lang)
        assert of in message
        assert "示" not in message
        assert message.count("\n") == 10
    assert "row 4: the student number stands above already" in told.value.message("en")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("", "intake_empty"),
        ("student\n", "roster_nobody"),
        ("姓名\n王示一\n", "roster_no_student"),
        ("student,学号\na,b\n", "roster_columns"),
        ("student,student\na,b\n", "intake_headings_twice"),
    ],
)
def test_a_file_that_is_no_roster_is_told_in_plain_words(tmp_path, text, key):
    with pytest.raises(DataError) as told:
        read_roster(roster(tmp_path, text))
    assert told.value.key == key
    assert "王" not in str(told.value)


def test_a_roster_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"roster\.csv"):
        read_roster(tmp_path / "roster.csv")
