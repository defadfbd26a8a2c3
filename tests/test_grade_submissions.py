"""Whose is it, which file counts, what comes along: each way in which people hand things in."""

import hashlib
import os
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from submission_samples import ROSTER, STEM, code, format_3, in_gbk, packed, prose, solved, zipped

from crmlab.assign.roster import Student
from crmlab.errors import DataError
from crmlab.grade.owners import Owners
from crmlab.grade.submissions import Submission, read_submissions
from crmlab.words import LANGUAGES, has_word

SOLVED = packed(solved())
OTHER = packed(solved() | {"nbformat_minor": 4})


@pytest.fixture
def hand_in(tmp_path):
    """What becomes of files handed in as a folder or as a zip, by student; those of nobody by their file."""

    def read(files: dict[str, bytes], *, roster=ROSTER, as_zip: bool = False, name: str = "class", lang: str = "en"):
        path = tmp_path / name
        if as_zip:
            path = path.with_suffix(".zip")
            path.write_bytes(zipped(files))
        else:
            for inside, content in files.items():
                (path / inside).parent.mkdir(parents=True, exist_ok=True)
                (path / inside).write_bytes(content)
                os.utime(path / inside, (1_800_000_000, 1_800_000_000))
        return by_student(read_submissions(path, roster, STEM, lang=lang))

    return read


def by_student(submissions) -> dict[str, Submission]:
    found = {}
    for one in submissions:
        assert all(has_word(f"flag.{flag}") for flag in one.flags)
        assert (one.student or one.file) not in found
        found[one.student or one.file] = one
    return found


def graded(found: dict[str, Submission]) -> dict[str, str]:
    """Which file counts for each student who has one."""
    return {name: one.file for name, one in found.items() if one.notebook}


@pytest.mark.parametrize("as_zip", [True, False])
@pytest.mark.parametrize(
    "name",
    [
        f"s1/{STEM}.ipynb",
        "s1/作业/第 二 课.ipynb",
        f"{STEM}_s1.ipynb",
        "s1_张示三 作业.ipynb",
        "S1.IPYNB",
        "ｓ１.ipynb",
        f"{STEM}_s1 (1).ipynb",
        f"{STEM}_s1.ipynb.txt",
        "张示三 作业/a.ipynb",
        "作业-张示三.ipynb",
        f"张示三_12345_assignsubmission_file_/{STEM}.ipynb",
        f"张示三_12345_assignsubmission_file_/{STEM}_s2.ipynb",
        f"zhangshi_12345_678_{STEM}_s1.ipynb",
        f"张示三_LATE_12345_678_{STEM}.ipynb",
    ],
)
def test_a_student_is_known_by_what_names_say(hand_in, name, as_zip):
    found = hand_in({name: SOLVED, "s3/a.ipynb": SOLVED}, as_zip=as_zip)
    assert graded(found) == {"s1": name, "s3": "s3/a.ipynb"}
    assert found["s1"].digest == hashlib.sha256(SOLVED).hexdigest()
    assert found["s1"].lang == "zh"
    assert found["s3"].lang == "en"


@pytest.mark.parametrize("name", ["wangshi", "shiwang", "Wang Shi", "shi_wang", "WANG-SHI"])
def test_names_in_letters_are_known_in_any_order(name):
    assert Owners(ROSTER, STEM).of([f"{name}_12345_678_a.ipynb", "a.ipynb"]) == {"s3"}
    assert Owners(ROSTER, STEM).of([f"x{name}_12345_678_a.ipynb"]) == set()


def test_zips_named_by_student_are_opened(hand_in):
    inner = zipped({"作业/a.ipynb": SOLVED, "作业/图.png": b"png"})
    found = hand_in({"s1.zip": inner, "张示三.txt": b"", "李示四 作业.zip": inner})
    assert graded(found) == {"s1": "s1/作业/a.ipynb", "s2": "李示四 作业/作业/a.ipynb"}
    assert found["s2"].files == {"图.png": b"png"}


def test_a_class_packed_by_windows_is_read(tmp_path):
    path = tmp_path / "作业.zip"
    path.write_bytes(in_gbk({"张示三 作业/第二课.ipynb": SOLVED, "李示四/第二课.ipynb": SOLVED}))
    found = by_student(read_submissions(path, ROSTER, STEM))
    assert graded(found) == {"s1": "张示三 作业/第二课.ipynb", "s2": "李示四/第二课.ipynb"}


@pytest.mark.parametrize("name", ["s2.ipynb", f"{STEM}_s2.ipynb", "s2.zip"])
def test_one_student_can_be_graded_alone(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(zipped({"作业/a.ipynb": SOLVED}) if name.endswith("zip") else SOLVED)
    found = by_student(read_submissions(path, ROSTER, STEM))
    assert list(graded(found)) == ["s2"]
    folder = tmp_path / "s3"
    folder.mkdir()
    (folder / "a.ipynb").write_bytes(SOLVED)
    assert list(graded(by_student(read_submissions(folder, ROSTER, STEM)))) == ["s3"]


def test_the_name_of_the_class_is_nobodys(hand_in):
    found = hand_in({"s1/a.ipynb": SOLVED, "某人/a.ipynb": SOLVED}, name="s3 的班")
    assert graded(found) == {"s1": "s1/a.ipynb"}
    assert found["某人"].flags == ("unknown_student",)


def test_the_number_of_the_lesson_and_counters_are_nobodys_id(hand_in):
    roster = (Student("02", "张示三", "zh"), Student("1", "李示四", "zh"), Student("12345", "王示五", "zh"))
    files = {f"张示三/{STEM}-1.ipynb": SOLVED, f"张示四_12345_assignsubmission_file_/{STEM} (1).ipynb": SOLVED}
    assert graded(hand_in(files, roster=roster)) == {"02": f"张示三/{STEM}-1.ipynb"}
    assert graded(hand_in({"1/a.ipynb": SOLVED}, roster=roster, name="b")) == {"1": "1/a.ipynb"}
    owners = Owners(roster, STEM)
    assert owners.of([f"{STEM}_1.ipynb"]) == owners.of([f"1_{STEM} (2).ipynb"]) == {"1"}
    assert owners.of([f"{STEM} final 1.ipynb"]) == owners.of([f"{STEM}.ipynb"]) == set()


def test_numbers_that_canvas_counts_by_are_nobodys_id():
    owners = Owners((Student("678", "", "zh"), Student("12345", "", "zh")), STEM)
    assert owners.of(["zhang_12345_678_a.ipynb"]) == {"12345"}
    assert owners.of(["zhang_11111_678_a.ipynb"]) == set()


def test_the_longer_of_two_ids_or_names_counts():
    roster = (Student("s-1", "张示", "zh"), Student("s-1-2", "张示三", "zh"))
    owners = Owners(roster, STEM)
    assert owners.of(["作业 s-1-2.ipynb"]) == owners.of(["张示三.ipynb"]) == {"s-1-2"}
    assert owners.of(["作业 s-1.ipynb"]) == owners.of(["张示.ipynb"]) == {"s-1"}


@pytest.mark.parametrize("name", ["zhang.san", "zhang.san.ipynb", "02_window_zhang.san.ipynb", "张 zhang.san (2).zip"])
def test_ids_may_hold_dots(name):
    owners = Owners((Student("zhang.san", "", "zh"), Student("zhang", "", "zh")), STEM)
    assert owners.of([name]) == {"zhang.san"}


def test_what_names_two_students_is_told_and_not_graded(hand_in):
    found = hand_in({"s1_s2.ipynb": SOLVED, "s3/a.ipynb": SOLVED})
    assert graded(found) == {"s3": "s3/a.ipynb"}
    assert found["s1_s2.ipynb"].flags == ("ambiguous_student",)
    assert "s1, s2" in found["s1_s2.ipynb"].notes[0]


def test_two_students_of_one_name_are_told_apart_by_id_only(hand_in):
    roster = (*ROSTER, Student("s9", "张示三", "zh"))
    found = hand_in({"张示三.ipynb": SOLVED, "s9 张示三/a.ipynb": SOLVED}, roster=roster)
    assert graded(found) == {"s9": "s9 张示三/a.ipynb"}
    assert found["张示三.ipynb"].flags == ("ambiguous_student",)


def test_last_the_notebook_itself_says_whose_it_is(hand_in):
    found = hand_in({f"{STEM}.ipynb": packed(solved(student="s2")), "a.txt": b""})
    assert graded(found) == {"s2": f"{STEM}.ipynb"}
    assert "itself names the student" in found["s2"].notes[0]


def test_nobody_takes_the_place_of_another_by_metadata(hand_in):
    files = {"s1/a.ipynb": SOLVED, "某人.ipynb": packed(solved(student="s1"))}
    assert graded(hand_in(files)) == {"s1": "s1/a.ipynb"}
    twice = {name: packed(solved(student="s1")) for name in ("某人.ipynb", "另一人.ipynb")}
    found = hand_in(twice, name="b")
    assert graded(found) == {}
    assert found["s1"].flags == ("missing",)
    assert found["某人.ipynb"].flags == ("unknown_student",)


def test_whoever_handed_in_nothing_is_listed(hand_in):
    found = hand_in({"s2/a.ipynb": SOLVED})
    assert list(found) == ["s1", "s2", "s3"]
    assert found["s1"] == Submission("s1", "zh", flags=("missing",))


def test_another_file_beside_the_notebook_is_another_submission(hand_in):
    work = {"s1/a.ipynb": SOLVED, "s1/mine.csv": b"1"}
    first = hand_in(work, name="first")["s1"].digest
    assert first == hand_in(work, name="again")["s1"].digest
    assert first != hand_in(work | {"s1/mine.csv": b"2"}, name="second")["s1"].digest


def test_an_empty_class_is_all_missing(tmp_path):
    assert [one.flags for one in read_submissions(tmp_path, ROSTER, STEM)] == [("missing",)] * 3


def test_what_belongs_to_nobody_is_listed_once(hand_in):
    found = hand_in({"s1/a.ipynb": SOLVED, "某人/a.ipynb": SOLVED, "某人/b.csv": b"", "c.docx": b""})
    assert [name for name, one in found.items() if one.flags == ("unknown_student",)] == ["c.docx", "某人"]
    assert "某人 (2 files)" in found["某人"].notes[0]


def test_a_folder_without_a_notebook_is_told(hand_in):
    found = hand_in({"s1/作业.docx": b"1", "s1/作业.py": b"1", "s2/作业.rar": b"1"})
    assert found["s1"].flags == ("no_notebook",)
    assert "作业.docx" in found["s1"].notes[0]
    assert found["s2"].flags == ("refused_files", "no_notebook")
    assert "Ask for a zip" in found["s2"].notes[0]


@pytest.mark.parametrize(
    "broken", [b"", b"{", b"\xff\xff\xff", b"<!DOCTYPE html>", b"[]", b'{"cells": ' + b"[" * 50_000]
)
def test_a_broken_notebook_stops_nobody_else(hand_in, broken):
    found = hand_in({"s1/a.ipynb": broken, "s2/a.ipynb": SOLVED})
    assert graded(found) == {"s2": "s2/a.ipynb"}
    assert found["s1"].flags == ("unreadable",)
    assert found["s1"].digest == hashlib.sha256(broken).hexdigest()
    assert "s1/a.ipynb" in found["s1"].notes[0]


def test_of_several_notebooks_the_newest_counts_and_it_is_told(hand_in, tmp_path):
    folder = tmp_path / "class" / "s1"
    folder.mkdir(parents=True)
    for name, content, moment in [("b.ipynb", SOLVED, 100), ("c.ipynb", OTHER, 200), ("d.ipynb", b"{", 300)]:
        (folder / name).write_bytes(content)
        os.utime(folder / name, (moment, moment))
    [first, *_] = read_submissions(tmp_path / "class", ROSTER, STEM, lang="en")
    assert (first.file, first.flags) == ("s1/c.ipynb", ("two_files", "newer_unreadable"))
    assert first.handed_in == datetime.fromtimestamp(200).isoformat()
    assert "2 different notebooks" in first.notes[0]
    assert "s1/d.ipynb" in first.notes[1]


def test_where_no_time_tells_the_last_by_name_counts(hand_in):
    files = {f"s1/{STEM}.ipynb": SOLVED, f"s1/{STEM}-2.ipynb": SOLVED, f"s1/{STEM}-10.ipynb": OTHER}
    found = hand_in(files, as_zip=True)
    assert (found["s1"].file, found["s1"].handed_in) == (f"s1/{STEM}-10.ipynb", "2026-11-02T08:00:00")


def test_copies_of_one_notebook_are_not_worth_a_word(hand_in):
    assert hand_in({"s1/a.ipynb": SOLVED, "s1/a (1).ipynb": SOLVED})["s1"].flags == ()


def test_notebooks_of_other_lessons_do_not_count(hand_in):
    other = packed(solved(lesson="01_start"))
    found = hand_in({f"s1/{STEM}.ipynb": SOLVED, "s1/z.ipynb": other, "s2/z.ipynb": other})
    assert (found["s1"].file, found["s1"].flags) == (f"s1/{STEM}.ipynb", ())
    assert (found["s2"].file, found["s2"].flags) == ("s2/z.ipynb", ("other_lesson",))
    bare = packed({"cells": [code("1")]})
    assert hand_in({f"s1/{STEM}.ipynb": bare, "s1/z.ipynb": other}, name="b")["s1"].file == f"s1/{STEM}.ipynb"


def test_a_notebook_of_another_student_is_told(hand_in):
    found = hand_in({"s1/a.ipynb": packed(solved(student="s2")), "s2/a.ipynb": packed(solved(student="s2"))})
    assert found["s1"].flags == ("other_student",)
    assert "s2" in found["s1"].notes[0]
    assert found["s2"].flags == ()


def test_what_canvas_calls_late_is_told(hand_in):
    found = hand_in({"张示三_LATE_12345_678_a.ipynb": SOLVED, "李示四_12345_678_a.ipynb": SOLVED})
    assert (found["s1"].flags, found["s2"].flags) == (("late_in_canvas",), ())


def test_flags_of_the_notebook_are_kept(hand_in):
    assert hand_in({"s1.ipynb": packed(format_3(solved()))})["s1"].flags == ("old_format",)


def test_files_beside_the_notebook_come_along(hand_in):
    files = {"a.ipynb": SOLVED, "我的 表.csv": b"1", "图/a.png": b"2", "b.ipynb.bak": b"3", "notes.docx": b"4"}
    found = hand_in({f"s1/作业/{name}": content for name, content in files.items()} | {"s1/above.csv": b"5"})
    assert found["s1"].files == {"我的 表.csv": b"1", "图/a.png": b"2"}
    assert found["s1"].flags == ()
    assert found["s1"].notes == ("3 other files were left out (the first is s1/above.csv).",)


def test_files_of_canvas_get_their_own_names_again(hand_in):
    found = hand_in(
        {"张示三_12345_678_a.ipynb": SOLVED, "张示三_12345_679_图.png": b"1", "李示四_1234_567_b.csv": b"2"}
    )
    assert found["s1"].files == {"图.png": b"1"}
    files = {"张示三_12345_678_a.ipynb": SOLVED, "张示三_12345_678_..": b"", "张示三_12345_678_.csv": b""}
    assert not {"..", ".csv"} & set(hand_in(files, as_zip=True)["s1"].files)


@pytest.mark.parametrize(
    "name",
    ["pandas.py", "sitecustomize.py", "usercustomize.PY", "x.pth", "numpy.cpython-311-x86_64-linux-gnu.so",
     "pandas/__init__.py", "crmlab/questions/compare.py", "json.pyc", "a.whl", "图/random.py", "conftest.pyd"],
)  # fmt: skip
def test_code_that_python_might_import_is_left_out_and_told(hand_in, name):
    top = name.split("/")[0]
    beside = {f"s1/{top}/data.csv": b"1"} if "/" in name else {}
    found = hand_in({"s1/a.ipynb": SOLVED, f"s1/{name}": b"raise SystemExit", "s1/b.csv": b"2"} | beside)
    assert found["s1"].files == {"b.csv": b"2"}
    assert found["s1"].flags == ("shadow_files",)
    assert name in found["s1"].notes[0]


def test_the_tables_that_were_handed_out_do_not_come_back(hand_in):
    files = {"a.ipynb": SOLVED, "data/orders.csv": b"1", "data/data.toml": b"2", "README.md": b"3"}
    found = hand_in({f"s1/{name}": content for name, content in files.items()})
    assert (found["s1"].files, found["s1"].notes) == ({"README.md": b"3"}, ())
    more = hand_in({"s1/a.ipynb": SOLVED, "s1/data/own.csv": b"1"}, name="b")["s1"]
    assert more.files == {}
    assert "data/own.csv" in more.notes[0]


def test_files_beside_have_limits(hand_in, monkeypatch):
    monkeypatch.setattr("crmlab.grade.beside.MOST_BYTES", 10)
    found = hand_in({"s1/a.ipynb": SOLVED, "s1/a.csv": b"1" * 11, "s1/b.csv": b"2" * 10, "s1/c.csv": b"3"})
    assert found["s1"].files == {"b.csv": b"2" * 10}
    assert found["s1"].notes[0].startswith("2 other files")
    monkeypatch.setattr("crmlab.grade.beside.MOST_FILES", 1)
    assert hand_in({"s1/a.ipynb": SOLVED, "s1/a.csv": b"", "s1/b.csv": b""}, name="b")["s1"].files == {"a.csv": b""}


def test_a_name_that_no_file_system_takes_is_left_out(hand_in):
    names = ["x" * 300 + ".csv", "a\n.csv", "a.csv", "a.csv/b.csv"]
    found = hand_in({"s1/a.ipynb": SOLVED} | {f"s1/{name}": b"1" for name in names}, as_zip=True)
    assert found["s1"].files == {"a.csv": b"1"}


def test_links_and_names_that_lead_out_are_told_to_whom_they_belong(hand_in):
    found = hand_in({"s1/../../s2/a.ipynb": SOLVED, "s1/a.ipynb": SOLVED, "s3/a.ipynb": SOLVED}, as_zip=True)
    assert graded(found) == {"s1": "s1/a.ipynb", "s3": "s3/a.ipynb"}
    assert found["s1"].flags == ("refused_files",)


@pytest.mark.parametrize("lang", LANGUAGES)
def test_notes_are_in_the_language_of_the_instructor(hand_in, lang):
    found = hand_in({"s1/a.ipynb": b""}, lang=lang)
    assert ("Ask the student" in found["s1"].notes[0]) == (lang == "en")
    assert ("请让学生" in found["s1"].notes[0]) == (lang == "zh")


def test_a_class_that_is_not_there_is_told(tmp_path):
    with pytest.raises(DataError):
        list(read_submissions(tmp_path / "none.zip", ROSTER, STEM))


def test_students_are_read_one_at_a_time(hand_in, tmp_path, monkeypatch):
    hand_in({"s1.zip": zipped({"a.ipynb": SOLVED}), "s2.zip": zipped({"a.ipynb": SOLVED})})
    read = []
    monkeypatch.setattr("crmlab.grade.submissions.read_notebook", lambda data, file: (read.append(file), (None, ()))[1])
    submissions = read_submissions(tmp_path / "class", ROSTER, STEM)
    assert read == []
    next(submissions)
    assert read == ["s1/a.ipynb"]


NAMES = st.lists(
    st.sampled_from(["s1", "s2", "张示三", "a", "..", STEM, "作业", "李示四_12_assignsubmission_file_", "x_123_456_y"]),
    min_size=1, max_size=3,
).map("/".join)  # fmt: skip
CONTENT = st.sampled_from([SOLVED, OTHER, b"", b"{", b"{}", packed({"cells": [prose("1")]})]) | st.binary(max_size=20)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.tuples(NAMES, st.sampled_from([".ipynb", ".csv", ".py", ".zip", ""])), CONTENT, max_size=6))
def test_whatever_is_handed_in_every_student_is_listed_once(tmp_path_factory, files):
    path = tmp_path_factory.mktemp("class") / "class.zip"
    path.write_bytes(zipped({"".join(name): content for name, content in files.items()}))
    found = list(read_submissions(path, ROSTER, STEM))
    assert [one.student for one in found if one.student] == ["s1", "s2", "s3"]
    assert all(one.notebook or one.notes or one.flags == ("missing",) for one in found)
    assert all(one.notebook is None for one in found if not one.student)
