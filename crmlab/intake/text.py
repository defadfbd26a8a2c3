"""Bytes to text: which encoding a file has is found strictly and told, never guessed."""

import re

from crmlab.errors import DataError

MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\x84\x31\x95\x33": "gb18030"}
"""The byte order marks a file may begin with."""
MOVED = {
    **{
        b"\xa6\xd9": "\ufe10",
        b"\xa6\xda": "\ufe12",
        b"\xa6\xdb": "\ufe11",
        b"\xa6\xdc": "\ufe13",
        b"\xa6\xdd": "\ufe14",
    },
    **{
        b"\xa6\xde": "\ufe15",
        b"\xa6\xdf": "\ufe16",
        b"\xa6\xec": "\ufe17",
        b"\xa6\xed": "\ufe18",
        b"\xa6\xf3": "\ufe19",
    },
    **{
        b"\xfe\x59": "\u9fb4",
        b"\xfe\x61": "\u9fb5",
        b"\xfe\x66": "\u9fb6",
        b"\xfe\x67": "\u9fb7",
        b"\xfe\x6d": "\u9fb8",
    },
    **{b"\xfe\x7e": "\u9fb9", b"\xfe\x90": "\u9fba", b"\xfe\xa0": "\u9fbb"},
}
"""The 18 characters that GB 18030-2022 moved out of the private use area; Python's codec is the edition of 2005."""

CHINESE = re.compile("[\u4e00-\u9fff]")
SURELY_UTF_8 = 4
"""Chinese characters in UTF-8 that bytes of GB18030 do not form by chance."""


def decode(data: bytes, file: str) -> tuple[str, str]:
    """The text of a file and its encoding: utf-8, utf-8-sig, utf-16 (with its mark) or gb18030.

    A mark at the beginning decides; without one it is utf-8 if every byte fits, else gb18030 (which holds GBK and
    GB2312) if every byte fits. A file that begins as UTF-8 with Chinese characters and breaks off later is a broken
    UTF-8 file: as gb18030 it would be read as nonsense. In gb18030 the 18 characters that moved in 2022 come as
    today's standard has them.
    Raises DataError with the place of the first byte that fits neither.

    >>> decode("小满".encode("gb18030"), "a.csv"), decode("小满".encode("utf-8-sig"), "a.csv")
    (('小满', 'gb18030'), ('小满', 'utf-8-sig'))
    """
    marked = [encoding for mark, encoding in MARKS.items() if data.startswith(mark)]
    problems = []
    for encoding in marked or ["utf-8", "gb18030"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            problems.append(error)
            if encoding == "utf-8" and len(CHINESE.findall(data[: error.start].decode())) >= SURELY_UTF_8:
                break
            continue
        if "\0" in text:
            raise DataError("intake_binary", file=file, place=text.index("\0") + 1)
        return (_of_2022(text.removeprefix("\ufeff")) if encoding == "gb18030" else text), encoding
    furthest = max(problems, key=lambda error: error.start)
    line = data.count(b"\n", 0, furthest.start) + 1
    raise DataError(
        "intake_encoding", file=file, encoding=furthest.encoding, place=furthest.start + 1, line=line
    ) from None


def _of_2022(text: str) -> str:
    for code, character in MOVED.items():
        text = text.replace(code.decode("gb18030"), character)
    return text
