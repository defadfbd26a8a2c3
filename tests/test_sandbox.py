"""The sandbox from outside: what it offers, how it starts and stops, its tables and its messages."""

import errno
import mmap
import os
import platform
import re
import shutil
import signal
import struct
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from shared_folder import open_to_all

from crmlab.errors import CrmlabError
from crmlab.grade import records
from crmlab.sandbox import Capabilities, Job, Limits, Pool, capabilities, kernel, pages, seccomp
from crmlab.sandbox.folder import remove_tree
from crmlab.sandbox.job import OUTCOMES
from crmlab.sandbox.readable import Readable
from crmlab.words import has_word

HERE = Path(__file__).parent
ATTACKS = ["attacks.lowlevel"]
LIMITS = Limits(seconds=20, memory=512 << 20, output=1 << 20, disk=4 << 20)
ROOM = Limits(seconds=100, memory=2 << 30, output=1 << 20, disk=20 << 20)

sandboxed = pytest.mark.skipif(not capabilities().sandboxed, reason=f"no sandbox here: {capabilities().why}")
unshare = shutil.which("unshare")
posix = pytest.mark.skipif(os.name != "posix", reason="signals and process groups")


def run(pool, attack, files=None, **payload):
    told: list[dict] = []
    return pool.run(Job(attack, f"attacks.lowlevel:{attack}", payload, files or {}), told.append), told


def test_capabilities_are_told_layer_by_layer():
    found = capabilities()
    table = found.table()
    assert list(table["layer"]) == list(found.holds)
    assert list(table["holds"]) == list(found.holds.values())
    assert all(has_word(f"sandbox.layer.{layer}") for layer in table["layer"])
    reasons = ("holds", "closed", "not_root", "unreadable", "kernel", "system", "left_out")
    assert all(has_word(f"sandbox.detail.{reason}") for reason in (*table["detail"], *reasons))


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        ((), True),
        (("namespaces", "own_user"), True),
        (("landlock",), True),
        (("namespaces", "landlock"), False),
        (("seccomp",), False),
    ],
)
def test_a_sandbox_refuses_calls_and_files(missing, expected):
    layers = ("namespaces", "own_user", "landlock", "seccomp")
    assert Capabilities({layer: "kernel" if layer in missing else "" for layer in layers}).sandboxed is expected


def test_without_a_sandbox_there_is_no_pool(monkeypatch):
    monkeypatch.setattr(
        sys.modules["crmlab.sandbox.capabilities"], "capabilities", lambda: Capabilities({"seccomp": "system"})
    )
    with pytest.raises(CrmlabError, match="no sandbox"):
        Pool(1, ATTACKS)


def test_other_systems_have_no_layer(monkeypatch):
    monkeypatch.setattr(kernel, "supported", lambda: False)
    found = capabilities.__wrapped__()
    assert not found.sandboxed
    assert set(found.why.values()) == {"system"}


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0 or not unshare, reason="not root, or no unshare(1) here")
def test_namespaces_hold_where_another_program_can_make_them():
    """So no test is skipped for want of namespaces because our own look at them is wrong."""
    kinds = ["--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--mount-proc"]
    made = subprocess.run([unshare, *kinds, "true"], capture_output=True, text=True, encoding="utf-8", check=False)
    if made.returncode:
        pytest.skip(f"no namespaces here: {made.stderr.strip()}")
    assert capabilities().holds["namespaces"]


@sandboxed
@pytest.mark.parametrize("without", [(), ("namespaces", "own_user")], ids=["all layers", "ordinary user"])
def test_libraries_of_the_lessons_work_inside(without):
    with Pool(1, [*ATTACKS, "pandas"], ROOM, [HERE], without=without) as pool:
        ended, told = run(pool, "libraries")
        assert (ended.outcome, ended.detail) == ("done", "")
        assert told == [{"groups": 2, "forest": [0, 0, 1, 1], "total": 10.2, "words": ["茶", "很", "好喝"]}]
        assert not without or run(pool, "draws")[1] == [{"picture": True}]


@sandboxed
def test_worker_that_cannot_start_says_why():
    with (
        Pool(1, ["no_such_module"], LIMITS) as pool,
        pytest.raises(CrmlabError, match="No module named 'no_such_module'"),
    ):
        run(pool, "honest", paths=[])


@sandboxed
def test_crmlab_may_lie_below_the_temporary_folder(tmp_path):
    """The view of a job is built over /tmp, so nothing may be looked for there meanwhile."""
    package = Path(kernel.__file__).parents[1]
    copy = shutil.ignore_patterns("__pycache__", "fonts")
    shutil.copytree(package, tmp_path / "crmlab", ignore=copy)
    open_to_all(tmp_path)
    code = "from crmlab.sandbox import capabilities; print(capabilities().why)"
    found = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", code], env=found, capture_output=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == str(capabilities().why)


@sandboxed
def test_worker_with_a_second_thread_is_not_forked(tmp_path, monkeypatch):
    text = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,), daemon=True).start()\n"
    (tmp_path / "threaded.py").write_text(text, encoding="utf-8", newline="\n")
    monkeypatch.syspath_prepend(tmp_path)
    open_to_all(tmp_path)
    with Pool(1, ["threaded"], LIMITS, [tmp_path]) as pool, pytest.raises(CrmlabError, match="2 threads"):
        run(pool, "honest", paths=[])


@sandboxed
def test_error_of_the_receiver_is_raised_and_the_pool_goes_on():
    def refuse(message):
        raise KeyboardInterrupt

    with Pool(1, ATTACKS, LIMITS, [HERE]) as pool:
        with pytest.raises(KeyboardInterrupt):
            pool.run(Job("a", "attacks.lowlevel:never_ends", {}), refuse)
        assert run(pool, "honest", paths=[])[0].outcome == "done"


@sandboxed
def test_close_ends_a_running_job_at_once():
    started, found = threading.Event(), []

    def work():
        try:
            pool.run(Job("a", "attacks.lowlevel:never_ends", {}), lambda message: started.set())
        except CrmlabError as error:
            found.append(error.key)

    pool = Pool(1, ATTACKS, LIMITS, [HERE])
    thread = threading.Thread(target=work)
    thread.start()
    assert started.wait(20)
    pool.close()
    thread.join(60)
    assert found == ["sandbox_closed"]
    with pytest.raises(CrmlabError, match="closed"):
        run(pool, "honest", paths=[])


CLASS = """
    import sys
    from crmlab.sandbox import Job, Limits, Pool
    sandboxed, without = sys.argv[1] == "yes", sys.argv[2].split()
    with Pool(1, ["attacks.lowlevel"], Limits(), [sys.argv[3]], sandboxed=sandboxed, without=without) as pool:
        if sandboxed:
            pool._handles[0].why()
            print(pool._workers._process.pid, pool._handles[0]._worker.pid, flush=True)
        pool.run(Job("a", "attacks.lowlevel:never_ends", {}), lambda message: print("started", flush=True))
"""


@sandboxed
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
@pytest.mark.parametrize("without", ["", "namespaces own_user"], ids=["all layers", "ordinary user"])
def test_nothing_is_left_of_a_class_that_is_interrupted(number, without, tmp_path):
    program = [sys.executable, "-c", textwrap.dedent(CLASS), "yes", without, str(HERE)]
    environment = os.environ | {"PYTHONPATH": str(HERE), "TMPDIR": str(tmp_path)}
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as process:
        template, worker = map(int, process.stdout.readline().split())
        assert process.stdout.readline() == b"started\n"
        family = [template, *descendants(template)]
        assert worker in family
        process.send_signal(number)
        process.wait(60)
    assert len(family) == (4 if not without and capabilities().holds["namespaces"] else 3)
    deadline = time.monotonic() + 60
    while any(map(alive, family)) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [pid for pid in family if alive(pid)] == []
    assert number != signal.SIGINT or list(tmp_path.iterdir()) == []


def alive(pid):
    try:
        return ") Z" not in Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except FileNotFoundError:
        return False


def descendants(pid):
    below = [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    return below + [other for one in below for other in descendants(one)]


@posix
def test_fresh_interpreter_gives_the_same_messages(monkeypatch):
    monkeypatch.setenv("CRMLAB_KEY", "4711")
    with Pool(1, (), LIMITS, sandboxed=False) as pool:
        ended, (told,) = run(pool, "honest", {"a/b.txt": b"b"}, paths=["a/b.txt"])
        assert (ended.outcome, ended.detail) == ("done", "")
        assert (told["given"], told["files"]) == ({"a/b.txt": "b"}, ["a", "own.db", "own.txt"])
        assert not {name for name in told["environment"] if name.startswith(("PYTHON", "CRMLAB"))}
        assert not Path(told["folder"]).exists()
        assert run(pool, "allocate", size=4 << 30)[1] == [{"refused": "MemoryError"}]
        for attack, outcome, detail in [
            ("ends_at_once", "crash", "exit 0"),
            ("kills_itself", "crash", "SIGKILL"),
            ("raises", "crash", "ValueError: " + "x" * 488),
            ("many_messages", "output", ""),
        ]:
            ended, _ = run(pool, attack)
            assert (ended.outcome, ended.detail) == (outcome, detail)


@posix
def test_fresh_interpreter_has_its_time():
    with Pool(1, (), Limits(seconds=2), sandboxed=False) as pool:
        ended, _ = run(pool, "never_ends")
        assert ended.outcome == "time"


def test_records_know_every_outcome():
    assert set(OUTCOMES) < set(records.OUTCOMES)


def test_hidden_paths_are_granted_by_no_rule(tmp_path):
    (tmp_path / "a" / "__pycache__").mkdir(parents=True)
    for name in (
        "a/hidden.py",
        "a/open.py",
        "a/__pycache__/hidden.cpython-311.pyc",
        "a/__pycache__/open.cpython-311.pyc",
    ):
        (tmp_path / name).touch()
    (tmp_path / "b").mkdir()
    (tmp_path / "way_round").symlink_to(tmp_path / "a" / "hidden.py")
    granted = dict(Readable.of([tmp_path], [tmp_path / "a" / "hidden.py"]).grants)
    inside = {
        Path(path).relative_to(tmp_path).as_posix(): access for path, access in granted.items() if str(tmp_path) in path
    }
    listing, reading = 8, 12
    assert inside == {
        ".": listing,
        "a": listing,
        "a/open.py": reading,
        "a/__pycache__": listing,
        "a/__pycache__/open.cpython-311.pyc": reading,
        "b": reading,
    }


def test_tree_is_removed_without_following_links(tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "kept").touch()
    folder = tmp_path / "folder"
    (folder / "a" / "b").mkdir(parents=True)
    (folder / "a" / "b" / "link").symlink_to(outside)
    (folder / "a" / "link").symlink_to(outside / "kept")
    (folder / "a" / "b").chmod(0)
    (folder / "a").chmod(0o300)
    outside.chmod(0o750)
    remove_tree(str(folder))
    assert not folder.exists()
    assert (outside / "kept").exists()
    assert outside.stat().st_mode & 0o777 == 0o750


@pytest.mark.skipif(
    not Path("/sys/kernel/mm/transparent_hugepage").exists()
    or tuple(map(int, platform.release().split(".")[:2])) < (6, 1)
    or mmap.PAGESIZE != 4096,
    reason="no large pages of 2 MB here, or a kernel before 6.1",
)
def test_large_pages_hold_the_same():
    with mmap.mmap(-1, 8 * pages.LARGE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS) as memory:
        memory[:] = bytes(range(256)) * (len(memory) // 256)
        before = large_pages()
        pages.enlarge(Path("/proc/self/maps").read_text(encoding="utf-8"))
        assert large_pages() >= before + 6 * pages.LARGE
        assert memory[:] == bytes(range(256)) * (len(memory) // 256)


def large_pages():
    """Bytes of this process in large pages."""
    rolled = Path("/proc/self/smaps_rollup").read_text(encoding="utf-8")
    return int(re.search(r"AnonHugePages:\s+(\d+)", rolled)[1]) * 1024


def decide(steps, arch, number, *arguments):
    """Run a filter as the kernel does, and give back its verdict."""
    data = struct.pack("<iIQ6Q", number, arch, 0, *arguments, *(0,) * (6 - len(arguments)))
    value = place = 0
    while True:
        code, if_true, if_false, operand = steps[place]
        place += 1
        if code == 0x20:
            value = struct.unpack_from("<I", data, operand)[0]
        elif code == 0x54:
            value &= operand
        elif code == 0x06:
            return operand
        else:
            holds = value == operand if code == 0x15 else value >= operand
            assert code in (0x15, 0x35)
            place += if_true if holds else if_false


ALLOWED, KILLED = 0x7FFF0000, 0x80000000
REFUSED, ABSENT = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS


@pytest.fixture(params=kernel.MACHINES)
def machine(request, monkeypatch):
    monkeypatch.setattr(kernel, "MACHINE", request.param)
    for cached in (kernel.calls, kernel.numbers):
        cached.cache_clear()
    yield request.param
    for cached in (kernel.calls, kernel.numbers):
        cached.cache_clear()


def test_filter_decides_call_by_call(machine):
    arch, numbers = kernel.MACHINES[machine], kernel.numbers()
    steps = seccomp.program(1234, metadata=False)
    assert len(steps) < 4096
    assert max(max(if_true, if_false) for _, if_true, if_false, _ in steps) < 256

    def of(name, *arguments, program=steps):
        return decide(program, arch, numbers[name], *arguments)

    for name in (
        "execve",
        "ptrace",
        "socket",
        "mount",
        "setns",
        "bpf",
        "shmget",
        "tkill",
        "fchmodat2",
        "io_uring_setup",
    ):
        assert of(name) == REFUSED
    assert (of("clone", 0x3D0F00), of("clone", 17), of("clone3")) == (ALLOWED, REFUSED, ABSENT)
    assert (of("kill", 1234), of("kill", 1), of("tgkill", 1234), of("tgkill", 1)) == (
        ALLOWED,
        REFUSED,
        ALLOWED,
        REFUSED,
    )
    assert (of("prlimit64", 0), of("prlimit64", 1234), of("prlimit64", 1)) == (ALLOWED, ALLOWED, REFUSED)
    assert (of("socketpair", 1, 0x80001), of("socketpair", 1, 0x80002)) == (ALLOWED, REFUSED)
    assert [of("openat", 0, 0, flags) for flags in (0, 0o1000, 0o1001, 0o1102)] == [ALLOWED, REFUSED, ALLOWED, ALLOWED]
    assert of("fchmod", program=seccomp.program(1234, metadata=True)) == ALLOWED
    read, newest = {"x86_64": 0, "aarch64": 63}[machine], seccomp.NEWEST
    assert [decide(steps, arch, number) for number in (read, newest, newest + 1)] == [ALLOWED, ALLOWED, ABSENT]
    assert decide(steps, arch, 0x40000000 + read) == ABSENT
    assert decide(steps, 0x40000003, read) == KILLED


HEADERS = {
    "x86_64": Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    "aarch64": Path("/usr/include/asm-generic/unistd.h"),
}


def test_table_of_calls_agrees_with_the_headers(machine):
    if not HEADERS[machine].exists():
        pytest.skip("the headers of the kernel are not installed here")
    text = HEADERS[machine].read_text(encoding="utf-8")
    known = {name: int(number) for name, number in re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", text)}
    ours = kernel.numbers()
    assert {name: known[name] for name in ours if name in known} == {name: ours[name] for name in ours if name in known}
    assert len(set(ours) & set(known)) > 100
