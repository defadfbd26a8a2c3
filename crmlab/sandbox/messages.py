"""Messages from a job: a kind and a length before each. What is read is hostile: sized first, then parsed as JSON."""

import json
import os
import re
import struct
from collections.abc import Callable, Iterator
from threading import Lock

MESSAGE, END, FAULT = b"M", b"E", b"F"
"""Kinds: a message of the job, its regular end, and the name of the exception that ended it."""
_HEAD = struct.Struct(">cI")
FRAME, CONTAINER = 64, 16
"""Bytes that a message and each bracket count for beside their own, because many small ones are dear to parse."""
_HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")


class TooMuchError(Exception):
    """More bytes than the job may send."""


class GarbledError(Exception):
    """No message can be read from these bytes."""


def sender(descriptor: int) -> Callable[[dict], None]:
    """The function with which a job sends one message: a dict that JSON can hold."""
    lock = Lock()

    def send(message: dict) -> None:
        with lock:
            write(descriptor, MESSAGE, json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))

    return send


def write(descriptor: int, kind: bytes, body: bytes = b"") -> None:
    data = memoryview(_HEAD.pack(kind, len(body)) + body)
    while data:
        data = data[os.write(descriptor, data) :]


class Reader:
    """Takes bytes as they come, at most about `limit` in all, and hands out (kind, message) as soon as one is whole.

    >>> reader = Reader(1000)
    >>> list(reader.feed(_HEAD.pack(MESSAGE, 8) + b'{"a": 1}'))
    [(b'M', {'a': 1})]
    """

    def __init__(self, limit: int):
        self._room = limit
        self._bytes = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes, dict]]:
        """Raises TooMuchError, also as soon as a length is announced that there is no room for, and GarbledError."""
        self._room -= len(data)
        if self._room < 0:
            raise TooMuchError
        self._bytes += data
        start = 0
        while len(self._bytes) - start >= _HEAD.size:
            kind, length = _HEAD.unpack_from(self._bytes, start)
            end = start + _HEAD.size + length
            if end - len(self._bytes) > self._room:
                raise TooMuchError
            if end > len(self._bytes):
                break
            body = bytes(self._bytes[start + _HEAD.size : end])
            start = end
            self._room -= FRAME + CONTAINER * (body.count(b"[") + body.count(b"{"))
            if self._room < 0:
                raise TooMuchError
            yield kind, _parse(kind, body)
        del self._bytes[:start]


def _parse(kind: bytes, body: bytes) -> dict:
    if kind == END:
        return {}
    if kind not in (MESSAGE, FAULT):
        raise GarbledError
    try:
        found = json.loads(body.decode("utf-8"))
        if _HALF_CHARACTER.search(body):  # half a surrogate pair cannot be written to any file
            found = json.loads(json.dumps(found, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise GarbledError from error
    if not isinstance(found, dict):
        raise GarbledError
    return found
