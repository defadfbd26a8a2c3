"""A job that asks for too much, or ends in a way of its own: the right outcome, and the next job is served."""

import os
import struct
import threading
import time
from pathlib import Path

import pytest

from crmlab.sandbox import Job, Limits, Pool, capabilities
from crmlab.sandbox.messages import Reader, TooMuchError

LIMITS = Limits(seconds=20, memory=256 << 20, output=1 << 20, disk=4 << 20)
ORDINARY = frozenset({"namespaces", "own_user"})
HERE = Path(__file__).parent

pytestmark = pytest.mark.skipif(not capabilities().sandboxed, reason=f"no sandbox here: {capabilities().why}")
HELD = capabilities().holds
needs_namespaces = pytest.mark.skipif(
    not HELD["namespaces"], reason=f"no namespaces here: {capabilities().why['namespaces']}"
)


def make_pool(limits=LIMITS, without=()):
    return Pool(1, ["attacks.lowlevel"], limits, [HERE], without=without)


@pytest.fixture(scope="module", params=[frozenset(), ORDINARY], ids=["all layers", "ordinary user"])
def pool(request):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CRMLAB_KEY", "4711")
        made = make_pool(without=request.param)
    with made:
        yield made


@pytest.fixture(scope="module")
def view():
    with make_pool() as made:
        yield made


@pytest.fixture(scope="module")
def quick():
    """Both kinds, with a second to live."""
    with make_pool(Limits(1, 256 << 20, 1 << 20, 4 << 20)) as one, make_pool(LIMITS, ORDINARY) as two:
        yield one, two


def run(pool, attack, files=None, **payload):
    told: list[dict] = []
    return pool.run(Job(attack, f"attacks.lowlevel:{attack}", payload, files or {}), told.append), told


def test_honest_job(pool):
    """It works with its files in a fresh folder, with an environment and descriptors of its own."""
    files = {"data/orders.csv": "顾客,金额\n".encode(), "data.toml": b"seed = 1\n"}
    ended, (told,) = run(pool, "honest", files, paths=["data/orders.csv", "data.toml"])
    assert (ended.outcome, ended.detail) == ("done", "")
    assert 0 < ended.cpu_seconds < ended.seconds + 1 < 20
    assert told["given"] == {"data/orders.csv": "顾客,金额\n", "data.toml": "seed = 1\n"}
    assert told["files"] == ["data", "data.toml", "own.db", "own.txt"]
    assert told["rows"] == [[1]]
    assert told["descriptors"] == [0, 1, 2, 3]
    folders = {told["environment"][name] for name in ("HOME", "TMPDIR", "MPLCONFIGDIR")}
    assert folders == {told["folder"]}
    assert not {name for name in told["environment"] if name.startswith(("PYTHON", "CRMLAB"))}
    assert "4711" not in str(told)
    _, (again,) = run(pool, "honest", {}, paths=[])
    assert again["files"] == ["own.db", "own.txt"]


@needs_namespaces
@pytest.mark.skipif(os.geteuid() != 0, reason="only root has a user to give")
def test_job_of_root_is_another_user_without_groups(view):
    _, (told,) = run(view, "honest", paths=[])
    assert told["user"] >= 50_000
    assert told["groups"] == []


def test_folder_is_gone_after_the_job():
    with make_pool(without=ORDINARY) as pool:
        _, (told,) = run(pool, "honest", paths=[])
        base = Path(told["folder"]).parent
        assert list(base.iterdir()) == []
    assert not base.exists()


@pytest.mark.parametrize(
    ("attack", "outcome", "detail"),
    [
        ("ends_at_once", "crash", "exit 0"),
        ("kills_itself", "crash", "SIGKILL"),
        ("aborts", "crash", "SIGABRT"),
        ("closes_everything", "crash", "exit 70"),
        ("leaves_threads", "done", ""),
    ],
)
def test_ends_in_a_way_of_its_own(pool, attack, outcome, detail):
    ended, _ = run(pool, attack)
    assert (ended.outcome, ended.detail) == (outcome, detail)
    assert run(pool, "honest", paths=[])[0].outcome == "done"


def test_text_of_an_exception_is_cut(view):
    ended, _ = run(view, "raises")
    assert ended.outcome == "crash"
    assert ended.detail == "ValueError: " + "x" * 488


@pytest.mark.parametrize("attack", ["never_ends", "stops_itself"])
def test_time(quick, attack):
    ended, _ = run(quick[0], attack)
    assert ended.outcome == "time"
    assert run(quick[0], "honest", paths=[])[0].outcome == "done"


@pytest.mark.parametrize(
    ("attack", "payload"), [("forges_its_end", {}), ("raw", {"bytes": "4500000000", "seconds": 60})]
)
def test_who_tells_the_end_must_leave(pool, attack, payload):
    ended, _ = run(pool, attack, **payload)
    assert (ended.outcome, ended.detail) == ("crash", "lingers")
    assert run(pool, "honest", paths=[])[0].outcome == "done"


def test_messages_before_the_end_of_time_are_kept(quick):
    _, told = run(quick[0], "never_ends")
    assert told == [{"started": 1}]


def test_output(view):
    for attack, payload in (("long_message", {"size": 2 << 20}), ("many_messages", {})):
        ended, _ = run(view, attack, **payload)
        assert (ended.outcome, ended.detail) == ("output", "")


def test_order_to_stop_may_come_after_the_end():
    with make_pool(Limits(20, 256 << 20, 500, 4 << 20)) as pool:
        workers = []
        for _ in range(2):
            job = Job("a", "attacks.lowlevel:two_messages", {"size": 1000})
            assert pool.run(job, lambda message: time.sleep(0.7)).outcome == "output"
            workers.append(pool._handles[0]._worker.pid)
        assert len(set(workers)) == 1


@pytest.mark.parametrize(
    ("data", "outcome", "detail"),
    [
        (b"M" + struct.pack(">I", 200 << 20), "output", ""),
        (b"Z" + struct.pack(">I", 0), "crash", "garbled"),
        (b"M" + struct.pack(">I", 4) + b"\xff\xfe{}", "crash", "garbled"),
        (b"M" + struct.pack(">I", 2) + b"[]", "crash", "garbled"),
        (b"M" + struct.pack(">I", 2000) + b"[" * 2000, "crash", "garbled"),
        (b"M" + struct.pack(">I", 60_007) + b'{"a": ' + b"[" * 60_000 + b"}", "crash", "garbled"),
        (b"M" + struct.pack(">I", 6007) + b'{"a": ' + b"9" * 6000 + b"}", "crash", "garbled"),
        (b"M", "done", ""),
    ],
)
def test_messages_of_its_own_making(view, data, outcome, detail):
    ended, told = run(view, "raw", bytes=data.hex(), seconds=0 if outcome == "done" else 10)
    assert told == []
    if outcome == "done":  # half a message, then the regular end: the end is read as a part of it
        outcome, detail = "output", ""
    assert (ended.outcome, ended.detail) == (outcome, detail)


@pytest.mark.parametrize("data", [(b"M" + struct.pack(">I", 2) + b"{}") * 20_000, b"[" + b"[]," * 100_000 + b"[]]"])
def test_many_small_things_count_for_more_than_their_bytes(data):
    reader = Reader(1 << 20)
    body = b'{"a": ' + data + b"}"
    framed = data if data.startswith(b"M") else b"M" + struct.pack(">I", len(body)) + body
    assert len(framed) < 1 << 19
    with pytest.raises(TooMuchError):
        list(reader.feed(framed))


def test_half_a_character_is_made_whole(view):
    body = b'{"a": "\\ud800"}'
    _, told = run(view, "raw", bytes=(b"M" + struct.pack(">I", len(body)) + body).hex(), seconds=0)
    assert told == [{"a": "?"}]


def test_memory_of_one_process(pool):
    ended, told = run(pool, "allocate", size=50 << 30)
    assert (ended.outcome, told) == ("done", [{"refused": "MemoryError"}])
    assert run(pool, "allocate", size=4 << 30)[1] == [{"refused": "MemoryError"}]
    ended, told = run(pool, "allocate_in_threads", size=16 << 20, count=100)
    assert (ended.outcome, told) in [("done", [{"refused": name}]) for name in ("MemoryError", "RuntimeError")]


def test_memory_is_watched_without_limits_of_the_kernel():
    with make_pool(without={"limits"}) as pool:
        ended, told = run(pool, "allocate_and_touch", size=512 << 20)
        assert (ended.outcome, told) == ("memory", [])
        assert ended.peak_memory > 256 << 20


@pytest.mark.parametrize("without", [{"seccomp", "limits"}, {"seccomp", "limits", *ORDINARY}])
def test_memory_of_many_processes_is_added_up(without):
    with make_pool(without=without) as pool:
        ended, _ = run(pool, "allocate_in_processes", size=64 << 20, count=6)
        assert (ended.outcome, ended.detail) == ("memory", "")
        ended, told = run(pool, "allocate_in_processes", size=1 << 20, count=300)
        assert (ended.outcome, ended.detail) in {("crash", "threads"), ("memory", "")} or told


def test_many_threads(view, quick):
    ended, told = run(view, "many_threads", count=5000)
    assert told == [{"refused": "RuntimeError"}] or ended.detail == "threads"
    ended, told = run(quick[1], "many_threads", count=5000)
    assert (ended.outcome, ended.detail) == ("crash", "threads")


@needs_namespaces
def test_disk_is_bounded_in_memory(view):
    for attack, payload in (
        ("fill_file", {"size": 8 << 20}),
        ("fill_files", {"size": 1 << 20, "count": 8}),
        ("fill_files", {"size": 0, "count": 10_500}),
        ("fill_deleted", {"size": 1 << 20, "count": 8}),
    ):
        ended, told = run(view, attack, **payload)
        assert (ended.outcome, told) == ("done", [{"refused": "OSError"}])


def test_disk_is_watched(quick):
    pool = quick[1]
    assert run(pool, "fill_file", size=8 << 20)[1] == [{"refused": "OSError"}]
    for attack, payload in (
        ("fill_files", {"size": 1 << 20, "count": 8}),
        ("fill_files", {"size": 0, "count": 10_500}),
        ("fill_deleted", {"size": 1 << 20, "count": 8}),
    ):
        ended, told = run(pool, attack, **payload)
        assert (ended.outcome, ended.detail, told) == ("disk", "", [])


def test_hostile_folders_are_removed(quick):
    ended, _ = run(quick[1], "bury", depth=1100)
    assert ended.outcome in ("done", "disk")
    base = Path(quick[1]._workers._base)
    assert list(base.iterdir()) == []


def test_links_are_not_followed(quick, tmp_path):
    (tmp_path / "key.txt").write_text("4711", encoding="utf-8", newline="\n")
    assert run(quick[1], "through_link", path=str(tmp_path))[0].outcome == "done"
    assert (tmp_path / "key.txt").exists()


@pytest.mark.parametrize("without", [{"seccomp", "landlock"}, {"seccomp", "landlock", *ORDINARY}])
def test_daemons_end_with_their_job(without, tmp_path):
    beat = tmp_path / "beat"
    tmp_path.chmod(0o777)
    inside = HELD["namespaces"] and "namespaces" not in without
    with make_pool(without=without) as pool:
        ended, told = run(pool, "daemon", path="/home/job/beat" if inside else str(beat))
        assert (ended.outcome, told) == ("done", [{"got": True}])
        last = b"" if inside else beat.read_bytes()
        time.sleep(0.2)
        assert last == (beat.read_bytes() if beat.exists() else b"")


certain = pytest.mark.skipif(
    os.geteuid() != 0, reason="an ordinary user has no namespaces to be left out with certainty"
)


@certain
def test_worker_that_was_killed_is_started_again():
    with make_pool(without={"namespaces", "own_user", "privileges", "landlock", "seccomp"}) as pool:
        ended, _ = run(pool, "kills_its_parent")
        assert (ended.outcome, ended.detail) == ("crash", "worker")
        assert run(pool, "honest", paths=[])[0].outcome == "done"


@certain
@needs_namespaces
def test_first_process_of_a_namespace_cannot_be_killed_from_inside():
    short = Limits(1, 256 << 20, 1 << 20, 4 << 20)
    with make_pool(short, {"own_user", "privileges", "landlock", "seccomp"}) as pool:
        ended, _ = run(pool, "kills_its_parent")
        assert ended.outcome == "time"


def test_several_threads_share_a_pool():
    with Pool(2, ["attacks.lowlevel"], LIMITS, [HERE]) as pool:
        found = {}

        def one(number):
            found[number] = run(pool, "honest", {"a.txt": str(number).encode()}, paths=["a.txt"])

        threads = [threading.Thread(target=one, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert {number: told["given"] for number, (_, (told,)) in found.items()} == {n: {"a.txt": str(n)} for n in range(8)}
