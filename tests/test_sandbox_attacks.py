"""Attacks on the sandbox: each is refused, and each succeeds once the layers that refuse it are left out."""

import os
import platform
import py_compile
import socket
import struct
import sys
from pathlib import Path

import pytest
from shared_folder import open_to_all

from crmlab.sandbox import Job, Limits, Pool, capabilities

ALL = frozenset({"namespaces", "own_user", "privileges", "limits", "landlock", "seccomp"})
PATHS = frozenset({"namespaces", "own_user", "landlock"})
LIMITS = Limits(seconds=20, memory=256 << 20, output=1 << 20, disk=4 << 20)
ORDINARY = frozenset({"namespaces", "own_user"})
"""What an ordinary user does without, where user namespaces are closed."""

pytestmark = pytest.mark.skipif(not capabilities().sandboxed, reason=f"no sandbox here: {capabilities().why}")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """A folder that jobs may read, with a hidden module; and one that they may not, with a key, open to every user."""
    root = tmp_path_factory.mktemp("places")
    open_to_all(root)
    course = root / "course"
    course.mkdir()
    (course / "open.txt").write_text("open", encoding="utf-8", newline="\n")
    (course / "hidden.py").write_text("SECRET = '4711'\n", encoding="utf-8", newline="\n")
    py_compile.compile(str(course / "hidden.py"))
    (course / "answers").mkdir()
    (course / "answers" / "key.txt").write_text("4711", encoding="utf-8", newline="\n")
    office = root / "office"
    office.mkdir()
    office.chmod(0o777)
    (office / "key.txt").write_text("4711", encoding="utf-8", newline="\n")
    (office / "key.txt").chmod(0o666)
    return course, office


@pytest.fixture(scope="module")
def pools(places):
    """Pools of one worker by the layers that they do without, made when they are asked for."""
    course, _ = places
    made: dict[frozenset, Pool] = {}

    def pool(without: frozenset) -> Pool:
        if without not in made:
            here = Path(__file__).parent
            hide = [course / "hidden.py", course / "answers"]
            made[without] = Pool(1, ["attacks.lowlevel"], LIMITS, [here, course], hide, without=without)
        return made[without]

    yield pool
    for one in made.values():
        one.close()


@pytest.fixture(scope="module")
def doors():
    """Listeners of the trusted side: TCP, UDP, and Unix sockets by name."""
    kinds = {"tcp": (socket.AF_INET, socket.SOCK_STREAM), "udp": (socket.AF_INET, socket.SOCK_DGRAM)}
    opened = {name: socket.socket(*kind) for name, kind in kinds.items()}
    opened |= {"stream": socket.socket(socket.AF_UNIX), "datagram": socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)}
    for name, door in opened.items():
        door.bind(("127.0.0.1", 0) if name in kinds else f"\0crmlab-{name}-{os.getpid()}")
        if door.type == socket.SOCK_STREAM:
            door.listen()
    yield opened
    for door in opened.values():
        door.close()


def run(pool: Pool, attack: str, **payload):
    told: list[dict] = []
    return pool.run(Job(attack, f"attacks.lowlevel:{attack}", payload), told.append), told


def got(pool: Pool, attack: str, **payload) -> bool:
    ended, told = run(pool, attack, **payload)
    assert len(told) == 1, ended
    return "got" in told[0]


def smallest_program() -> bytes:
    """A program that only ends with 0, and needs no other file."""
    number, code = {
        "x86_64": (62, bytes.fromhex("b83c00000031ff0f05")),
        "aarch64": (183, bytes.fromhex("a80b80d2000080d2010000d4")),
    }[platform.machine()]
    size, start = 120 + len(code), 0x400000
    head = struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF\2\1\1", 2, number, 1, start + 120, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return head + struct.pack("<IIQQQQQQ", 1, 5, 0, start, start, size, size, 0x1000) + code


def skip_without(layer: str) -> None:
    if not capabilities().holds[layer]:
        pytest.skip(f"no {layer} here: {capabilities().why[layer]}")


def payload_of(attack: str, places, doors) -> dict:
    course, office = places
    paths = {
        "read": office / "key.txt",
        "through_link": office / "key.txt",
        "load_module": course / "hidden.py",
        "read_compiled": course / "hidden.py",
        "write": office / "new.txt",
        "change_mode": office / "key.txt",
    }
    if attack in paths:
        return {"path": str(paths[attack])}
    if attack in ("tcp", "udp"):
        return {"port": doors[attack].getsockname()[1]}
    return {
        "abstract": {"name": f"crmlab-stream-{os.getpid()}"},
        "paired": {"name": f"crmlab-datagram-{os.getpid()}"},
        "spawn": {"program": sys.executable},
        "spawn_own": {"program": smallest_program().hex()},
        "signal_others": {"pids": [os.getpid(), os.getppid()]},
    }.get(attack, {})


ATTACKS = {
    "read": PATHS,
    "through_link": PATHS,
    "load_module": PATHS,
    "read_compiled": PATHS,
    "write": PATHS,
    "change_mode": PATHS | {"seccomp"},
    "tcp": ALL - {"limits"},
    "udp": ALL - {"limits"},
    "abstract": ALL - {"limits"},
    "paired": ALL - {"limits"},
    "fork": {"seccomp"},
    "spawn": {"seccomp", "landlock"},
    "spawn_own": PATHS | {"seccomp"},
    "signal_others": ALL - {"limits"},
    "signal_by_queue": ALL - {"limits"},
    "seize": ALL - {"limits"},
    "read_memory": ALL - {"limits"},
    "others_environment": PATHS | {"privileges"},
    "lower_others_limits": ALL - {"limits"},
    "shared_memory": {"seccomp"},
    "memory_file": {"seccomp"},
    "new_user": {"seccomp"},
    "change_root": ALL - {"limits"},
    "mount": ALL - {"limits"},
}
"""Attacks, and the layers without which they succeed (as root)."""


@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_is_refused(attack, pools, places, doors):
    payload = payload_of(attack, places, doors)
    assert not got(pools(frozenset()), attack, **payload)
    assert not got(pools(ORDINARY), attack, **payload)


@pytest.mark.skipif(
    os.geteuid() != 0, reason="as an ordinary user the layers that need root are not there to be left out"
)
@pytest.mark.parametrize("attack", ATTACKS)
def test_attack_succeeds_without_its_layers(attack, pools, places, doors):
    if attack in ("new_user", "mount"):
        skip_without("namespaces")  # what closes them (a container) refuses these two as well
    assert got(pools(frozenset(ATTACKS[attack])), attack, **payload_of(attack, places, doors))


SECCOMP = """tcp udp abstract paired fork spawn signal_others signal_by_queue seize read_memory lower_others_limits
    shared_memory memory_file new_user change_root mount change_mode"""
LANDLOCK = """read through_link load_module read_compiled write tcp abstract paired spawn spawn_own signal_others
    signal_by_queue seize read_memory others_environment mount"""
ALONE = {
    "seccomp": SECCOMP,
    "landlock": LANDLOCK,
    "namespaces": "read through_link write tcp udp abstract paired others_environment change_mode",
    "privileges": "change_root mount",
    "own_user": "signal_others change_root mount",
}
"""What each layer refuses all by itself."""


@pytest.mark.parametrize(
    ("layer", "attack"), [(layer, attack) for layer, attacks in ALONE.items() for attack in attacks.split()]
)
def test_layer_refuses_alone(layer, attack, pools, places, doors):
    skip_without(layer)
    kept = {layer, "namespaces"} if layer == "own_user" else {layer}
    assert not got(pools(ALL - kept), attack, **payload_of(attack, places, doors))


@pytest.mark.parametrize("attack", ["load_module", "read_compiled"])
def test_view_covers_what_is_hidden(attack, pools, places, doors):
    skip_without("namespaces")
    assert not got(pools(frozenset({"landlock"})), attack, **payload_of(attack, places, doors))
