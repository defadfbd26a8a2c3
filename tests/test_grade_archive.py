"""Archives of strangers: what cannot be read safely is refused and told, the rest is read, nothing is written."""

import io
import os
import stat
import struct
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from submission_samples import in_gbk, zipped

from crmlab.errors import DataError
from crmlab.grade import archive
from crmlab.grade.archive import opened, shown


@pytest.fixture
def open_zip(tmp_path):
    def look(data: bytes, name: str = "class.zip") -> tuple[dict[str, bytes], dict[str, str]]:
        path = tmp_path / name
        path.write_bytes(data)
        before = sorted(tmp_path.rglob("*"))
        found = contents(path)
        assert sorted(tmp_path.rglob("*")) == before, "nothing is written to disk"
        return found

    return look


def contents(path) -> tuple[dict[str, bytes], dict[str, str]]:
    """What can be read, by name, and what is refused, with the key of the reason."""
    with opened(path) as (entries, refused):
        for one in refused:
            assert one.error.message("zh")
            assert one.error.message("en")
        return (
            {entry.name: entry.read() for entry in entries},
            {"/".join(one.parts): one.error.key.removeprefix("archive_") for one in refused},
        )


def with_info(name: str, content: bytes = b"1", **about: int) -> bytes:
    made = io.BytesIO()
    info = zipfile.ZipInfo(name, (2026, 11, 2, 8, 0, 0))
    for key, value in about.items():
        setattr(info, key, value)
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(info, content)
        archive.writestr("s2/a.ipynb", b"2")
    return made.getvalue()


@pytest.mark.parametrize(
    "name", ["../a.ipynb", "s1/../../a.ipynb", "/etc/a.ipynb", "..\\a.ipynb", "C:\\a.ipynb", "c:/a.ipynb"]
)
def test_names_that_lead_out_are_refused(open_zip, name):
    files, refused = open_zip(with_info(name))
    assert files == {"s2/a.ipynb": b"2"}
    assert list(refused.values()) == ["outside"]


def test_a_name_with_a_null_is_refused(open_zip):
    files, refused = open_zip(with_info("s1/aXb.ipynb").replace(b"aXb", b"a\0b"))
    assert files == {"s2/a.ipynb": b"2"}
    assert list(refused.values()) == ["outside"]


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(stat.S_IFLNK, "link"), (stat.S_IFCHR, "device"), (stat.S_IFIFO, "device"), (stat.S_IFSOCK, "device")],
)
def test_links_and_devices_in_a_zip_are_refused(open_zip, kind, reason):
    files, refused = open_zip(with_info("s1/a.ipynb", b"/etc/passwd", external_attr=(kind | 0o644) << 16))
    assert (files, refused) == ({"s2/a.ipynb": b"2"}, {"s1/a.ipynb": reason})


def test_links_and_devices_in_a_folder_are_refused(tmp_path):
    (tmp_path / "secret.txt").write_text("key", encoding="utf-8")
    folder = tmp_path / "class"
    (folder / "s1").mkdir(parents=True)
    (folder / "s1" / "a.ipynb").write_bytes(b"1")
    (folder / "s1" / "b.ipynb").symlink_to(tmp_path / "secret.txt")
    (folder / "s2").symlink_to(tmp_path)
    os.mkfifo(folder / "s1" / "c.ipynb")
    files, refused = contents(folder)
    assert files == {"s1/a.ipynb": b"1"}
    assert refused == {"s1/b.ipynb": "link", "s2": "link", "s1/c.ipynb": "device"}


def test_a_file_that_becomes_a_link_before_it_is_read_is_not_followed(tmp_path):
    (tmp_path / "secret.txt").write_text("key", encoding="utf-8")
    folder = tmp_path / "class"
    folder.mkdir()
    (folder / "a.ipynb").write_bytes(b"1")
    with opened(folder) as ([entry], _):
        (folder / "a.ipynb").unlink()
        (folder / "a.ipynb").symlink_to(tmp_path / "secret.txt")
        with pytest.raises(DataError) as error:
            entry.read()
    assert error.value.key == "archive_broken"


def test_what_systems_leave_behind_is_ignored(open_zip, tmp_path):
    junk = ["__MACOSX/s1/._a.ipynb", "s1/.ipynb_checkpoints/a-checkpoint.ipynb", "s1/Thumbs.db", "s1/.DS_Store",
            "s1/desktop.ini", "s1/__pycache__/a.pyc", "s1/.venv/lib/pandas/x.py", "s1/._a.ipynb"]  # fmt: skip
    files, refused = open_zip(zipped(dict.fromkeys([*junk, "s1/a.ipynb"], b"0")))
    assert (files, refused) == ({"s1/a.ipynb": b"0"}, {})
    for name in [*junk, "s1/a.ipynb"]:
        (tmp_path / "class" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "class" / name).write_bytes(b"0")
    assert contents(tmp_path / "class") == ({"s1/a.ipynb": b"0"}, {})


def test_chinese_names_with_spaces_are_read_in_utf_8_gbk_and_cp437(open_zip):
    name = "张示三 作业（二）/02 分组.ipynb"
    assert open_zip(zipped({name: b"1"}))[0] == {name: b"1"}
    assert open_zip(in_gbk({name: b"1", "李示四/a.ipynb": b"2"}))[0] == {name: b"1", "李示四/a.ipynb": b"2"}
    unmarked = zipped({"caf\N{LATIN SMALL LETTER E WITH ACUTE}.ipynb": b"1"})
    assert open_zip(unmarked)[0] == {"café.ipynb": b"1"}
    assert open_zip(with_info("aX.ipynb").replace(b"aX", b"a\x82"))[0].keys() == {"aé.ipynb", "s2/a.ipynb"}


@pytest.mark.parametrize("name", [".", "./.", "/", "//"])
def test_a_file_without_a_name_is_no_file(open_zip, name):
    assert open_zip(with_info(name, b"")) == ({"s2/a.ipynb": b"2"}, {})


def test_a_folder_that_may_not_be_read_is_told(tmp_path, monkeypatch):
    (tmp_path / "class" / "s1").mkdir(parents=True)
    scandir = os.scandir

    def closed(path):
        if str(path).endswith("s1"):
            raise PermissionError(13, "denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", closed)
    assert contents(tmp_path / "class") == ({}, {"s1": "broken"})
    with pytest.raises(DataError) as error:
        contents(tmp_path / "class" / "s1")
    assert error.value.key == "archive_broken"


def test_names_of_windows_have_folders_too(open_zip):
    assert open_zip(with_info("s1\\data\\a.csv"))[0].keys() == {"s1/data/a.csv", "s2/a.ipynb"}


def test_a_folder_with_names_in_gbk_is_read(tmp_path):
    folder = os.fsencode(tmp_path) + b"/class/" + "张示三".encode("gbk")
    os.makedirs(folder)
    with open(folder + b"/a.ipynb", "wb") as file:
        file.write(b"1")
    assert contents(tmp_path / "class")[0] == {"张示三/a.ipynb": b"1"}


def test_zips_inside_are_opened_one_level_deep(open_zip, tmp_path):
    deeper = zipped({"02.ipynb": b"1", "more.zip": zipped({"a.ipynb": b"2"}), "old.rar": b"3"})
    found = {"s1/02.ipynb": b"1"}, {"s1/more.zip": "nested", "s1/old.rar": "nested"}
    assert open_zip(zipped({"s1.zip": deeper})) == found
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "s1.zip").write_bytes(deeper)
    assert contents(tmp_path / "class") == found


def test_broken_and_encrypted_zips_stop_nobody_else(open_zip):
    sound = zipped({"a.ipynb": b"1" * 5000, "b.ipynb": b"2"})
    broken = {"cut.zip": sound[:-30], "none.zip": b"no zip", "empty.zip": b""}
    files, refused = open_zip(zipped({**broken, "s2.zip": sound, "old.7z": b"7z"}))
    assert list(files) == ["s2/a.ipynb", "s2/b.ipynb"]
    assert refused == {**dict.fromkeys(broken, "broken"), "old.7z": "other"}
    locked = bytearray(zipped({"a.ipynb": b"1"}))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        locked[locked.index(mark) + (6 if mark[2] == 3 else 8)] |= 1
    assert open_zip(bytes(locked)) == ({}, {"a.ipynb": "encrypted"})


def test_an_entry_whose_bytes_are_broken_is_told_when_it_is_read(tmp_path):
    data = bytearray(zipped({"a.ipynb": b"123456789" * 100}))
    data[45:50] = b"xxxxx"
    path = tmp_path / "class.zip"
    path.write_bytes(data)
    with opened(path) as ([entry], _), pytest.raises(DataError) as error:
        entry.read()
    assert error.value.key == "archive_broken"


def test_an_archive_that_cannot_be_opened_at_all_is_told(tmp_path):
    for name, data, key in [
        ("a.zip", b"no zip", "archive_broken"),
        ("b.zip", b"", "archive_broken"),
        ("c.rar", b"Rar!", "archive_other"),
    ]:
        (tmp_path / name).write_bytes(data)
        with pytest.raises(DataError) as error, opened(tmp_path / name):
            pass
        assert error.value.key == key
    with pytest.raises(DataError) as error, opened(tmp_path / "none.zip"):
        pass
    assert error.value.key == "no_file"


def test_large_entries_are_refused_before_they_are_unpacked(open_zip, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    files, refused = open_zip(zipped({"a.ipynb": b"1" * 1001, "b.ipynb": b"1" * 1000}))
    assert (list(files), refused) == (["b.ipynb"], {"a.ipynb": "large"})
    monkeypatch.setattr(archive, "MOST_INNER", 100)
    assert open_zip(zipped({"s1.zip": zipped({"a.ipynb": bytes(range(100))})}))[1] == {"s1.zip": "large"}


def test_a_size_that_lies_does_not_unpack_more(open_zip):
    data = zipped({"a.ipynb": b"1" * 100_000})
    lying = data.replace(struct.pack("<I", 100_000), struct.pack("<I", 10))
    assert lying != data
    with pytest.raises(DataError):
        open_zip(lying)


def test_bombs_are_refused(open_zip, monkeypatch):
    """Entries that lie over one another unpack to more than deflate can: the list names the same bytes many times."""
    monkeypatch.setattr(archive, "SURELY_HONEST", 10**6)
    packed = zipped({"a.ipynb": b"0" * 900_000})
    start, end = packed.index(b"PK\x01\x02"), packed.index(b"PK\x05\x06")
    entry = packed[start:end]
    times = 200
    tail = bytearray(packed[end:])
    struct.pack_into("<HHI", tail, 8, times, times, times * len(entry))
    bomb = packed[:start] + entry * times + bytes(tail)
    assert open_zip(zipped({"s1.zip": bomb, "s2/a.ipynb": b"1"})) == ({"s2/a.ipynb": b"1"}, {"s1.zip": "bomb"})
    with pytest.raises(DataError) as error:
        open_zip(bomb)
    assert error.value.key == "archive_bomb"
    assert len(open_zip(zipped({"s1.zip": packed}))[0]["s1/a.ipynb"]) == 900_000, "well packed is no bomb"


def test_archives_of_too_many_files_are_refused(open_zip, monkeypatch, tmp_path):
    monkeypatch.setattr(archive, "MOST_ENTRIES", 20)
    many = zipped({f"{number}.csv": b"" for number in range(21)})
    assert open_zip(zipped({"s1.zip": many})) == ({}, {"s1.zip": "many"})
    with pytest.raises(DataError) as error:
        open_zip(many)
    assert error.value.key == "archive_many"
    (tmp_path / "class").mkdir()
    for number in range(21):
        (tmp_path / "class" / f"{number}.csv").touch()
    with pytest.raises(DataError) as error:
        contents(tmp_path / "class")
    assert error.value.key == "archive_many"
    monkeypatch.setattr(archive, "MOST_ENTRIES", 0)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(DataError) as error:
        contents(tmp_path / "class.zip")
    assert error.value.key == "archive_many", "counted before zipfile makes an object for each"


def test_the_last_of_two_files_with_one_name_counts(open_zip):
    twice = zipped({"a.ipynb": b"1", "b.ipynb": b"2"}).replace(b"b.ipynb", b"a.ipynb")
    assert open_zip(twice)[0] == {"a.ipynb": b"2"}


def test_the_moment_of_a_file_is_kept_where_somebody_says_it(tmp_path):
    path = tmp_path / "class.zip"
    for day, moment in [((2026, 11, 2), "2026-11-02T08:00:00"), ((1980, 1, 1), "")]:
        path.write_bytes(zipped({"a.ipynb": b"1"}, day=day))
        with opened(path) as ([entry], _):
            assert entry.modified == moment


def test_one_file_is_an_archive_of_one(tmp_path):
    (tmp_path / "a.ipynb").write_bytes(b"1")
    assert contents(tmp_path / "a.ipynb") == ({"a.ipynb": b"1"}, {})


def test_names_are_shown_without_tricks():
    assert shown("a" * 200) == "a" * 119 + "…"
    assert shown("张示三 作业.ipynb") == "张示三 作业.ipynb"
    assert shown("fdp\u202egnp.\x1b[31m") == "fdp\ufffdgnp.\ufffd[31m"


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_an_archive_with_random_changes_is_read_or_refused(tmp_path_factory, data):
    made = bytearray(zipped({"s1/a.ipynb": b"1" * 50, "s2.zip": zipped({"b.ipynb": b"2"})}))
    for _ in range(data.draw(st.integers(1, 6))):
        made[data.draw(st.integers(0, len(made) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("zip") / "class.zip"
    path.write_bytes(made)
    with suppress(DataError), opened(path) as (entries, refused):
        assert all(one.error.message("en") for one in refused)
        for entry in entries:
            with suppress(DataError):
                assert entry.read() in (b"1" * 50, b"2")
