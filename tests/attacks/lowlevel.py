"""Attacks on the sandbox itself: each is an entry `attack(payload, send)` that sends {"got": what} where it succeeds.

An OSError is sent as {"refused": its name}. They do no harm where they succeed: they look, touch what the test gave
them, and end.
"""

import ctypes
import importlib.util
import os
import signal
import socket
import sqlite3
import struct
import sys
import threading
import time
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
SEIZE, MARK = 0x4206, 0x0C12


def attempt(attack):
    """Make an entry of a function that returns what it got."""

    def entry(payload, send):
        try:
            send({"got": attack(**payload)})
        except (OSError, MemoryError, RuntimeError, ImportError) as error:
            send({"refused": type(error).__name__})

    return entry


def checked(result):
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


@attempt
def read(path):
    return Path(path).read_text(encoding="utf-8")


@attempt
def load_module(path):
    spec = importlib.util.spec_from_file_location("hidden", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.SECRET


@attempt
def read_compiled(path):
    return any(b"4711" in found.read_bytes() for found in Path(path).parent.glob("__pycache__/*.pyc"))


@attempt
def write(path):
    return Path(path).write_text("mine", encoding="utf-8", newline="\n")


@attempt
def change_mode(path):
    return os.chmod(path, 0o777) or True


@attempt
def through_link(path):
    os.symlink(path, "link")
    return Path("link").read_text(encoding="utf-8")


@attempt
def tcp(port):
    with socket.socket() as client:
        client.settimeout(2)
        return client.connect(("127.0.0.1", port)) or True


@attempt
def udp(port):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        return client.sendto(b"x", ("127.0.0.1", port))


@attempt
def abstract(name):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect(f"\0{name}") or True


@attempt
def paired(name):
    """A pair of connected sockets needs no call of `socket`, and those for datagrams can be sent elsewhere."""
    ours, _ = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    return ours.sendto(b"x", f"\0{name}")


@attempt
def fork():
    pid = os.fork()
    if not pid:
        os._exit(0)
    return os.waitpid(pid, 0)[1] == 0


@attempt
def spawn(program):
    return os.waitpid(os.posix_spawn(program, [program, "-c", "pass"], {}), 0)[1] == 0


@attempt
def spawn_own(program):
    """A program that it brings along."""
    Path("own").write_bytes(bytes.fromhex(program))
    os.chmod("own", 0o700)
    return os.waitpid(os.posix_spawn("./own", ["own"], {}), 0)[1] == 0


@attempt
def signal_others(pids):
    for pid in (*pids, os.getppid()):
        os.kill(pid, signal.SIGCONT)
    return True


@attempt
def signal_by_queue():
    return checked(LIBC.sigqueue(os.getppid(), signal.SIGCONT, None)) == 0


@attempt
def seize():
    return checked(LIBC.ptrace(SEIZE, os.getppid(), None, None)) == 0


@attempt
def read_memory():
    """Bytes of the parent, which has the same libraries at the same addresses."""
    address = ctypes.cast(LIBC.getpid, ctypes.c_void_p).value
    room = ctypes.create_string_buffer(16)
    ours = struct.pack("PN", ctypes.addressof(room), 16)
    theirs = struct.pack("PN", address, 16)
    return checked(LIBC.process_vm_readv(os.getppid(), ours, 1, theirs, 1, 0))


@attempt
def others_environment():
    return len(Path(f"/proc/{os.getppid()}/environ").read_bytes()) >= 0


@attempt
def lower_others_limits():
    import resource

    pid = os.getppid()
    return resource.prlimit(pid, resource.RLIMIT_CORE, (0, 0)) is not None


@attempt
def shared_memory():
    found = checked(LIBC.shmget(MARK, 4096, 0o1600))
    checked(LIBC.shmctl(found, 0, None))
    return True


@attempt
def memory_file():
    return os.memfd_create("x") > 0


@attempt
def new_user():
    return checked(LIBC.unshare(0x10000000)) == 0


@attempt
def change_root():
    return os.chroot(".") or True


@attempt
def mount():
    os.mkdir("inner")
    checked(LIBC.mount(b"x", b"inner", b"tmpfs", 0, None))
    return checked(LIBC.umount2(b"inner", 2)) == 0


@attempt
def allocate(size):
    return len(bytearray(size))


@attempt
def allocate_and_touch(size):
    room = bytearray(size)
    room[::4096] = b"x" * len(room[::4096])
    time.sleep(20)
    return len(room)


@attempt
def allocate_in_threads(size, count):
    kept, failed = [], []

    def take():
        try:
            kept.append(bytearray(size))
        except MemoryError as error:
            failed.append(error)

    threads = [threading.Thread(target=take) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return len(kept)


@attempt
def many_threads(count):
    threading.stack_size(1 << 15)
    for _ in range(count):
        threading.Thread(target=time.sleep, args=(20,), daemon=True).start()
    time.sleep(20)
    return count


@attempt
def allocate_in_processes(size, count):
    for _ in range(count):
        if not os.fork():
            room = bytearray(size)
            room[::4096] = b"x" * len(room[::4096])
            time.sleep(20)
            os._exit(0)
    time.sleep(20)


@attempt
def fill_file(size):
    with open("big", "wb") as file:
        for _ in range(size >> 20):
            file.write(b"x" * (1 << 20))
    return size


@attempt
def fill_files(size, count):
    for number in range(count):
        with open(f"{number}", "wb") as file:
            file.write(b"x" * size)
    time.sleep(20)
    return count


@attempt
def fill_deleted(size, count):
    kept = []
    for number in range(count):
        kept.append(open(f"{number}", "wb", buffering=0))  # noqa: SIM115
        os.remove(f"{number}")
        kept[-1].write(b"x" * size)
    time.sleep(20)
    return count


@attempt
def bury(depth):
    """A folder too deep for any path, and one that nobody may look into."""
    for _ in range(depth):
        os.mkdir("deep_down")
        os.chdir("deep_down")
    Path("treasure").write_text("x", encoding="utf-8", newline="\n")
    os.mkdir("dark", 0o300)
    os.close(os.open("dark/treasure", os.O_CREAT, 0o000))
    return depth


@attempt
def daemon(path):
    if not os.fork():
        os.setsid()
        if not os.fork():
            while True:
                Path(path).write_text(str(time.monotonic()), encoding="utf-8", newline="\n")
                time.sleep(0.005)
        os._exit(0)
    while not Path(path).exists():
        time.sleep(0.005)
    return True


def ends_at_once(payload, send):
    send({"before": 1})
    os._exit(0)


def kills_itself(payload, send):
    os.kill(os.getpid(), signal.SIGKILL)


def stops_itself(payload, send):
    os.kill(os.getpid(), signal.SIGSTOP)


def kills_its_parent(payload, send):
    os.kill(os.getppid(), signal.SIGKILL)
    time.sleep(20)


def aborts(payload, send):
    os.abort()


def never_ends(payload, send):
    send({"started": 1})
    while True:
        try:
            time.sleep(20)
        except BaseException:
            continue


def long_message(payload, send):
    send({"x": "x" * payload["size"]})


def two_messages(payload, send):
    send({})
    time.sleep(0.2)
    send({"x": "x" * payload["size"]})


def many_messages(payload, send):
    while True:
        send({})


def raw(payload, send):
    """Bytes of its own making in place of messages."""
    for descriptor in range(3, 10):
        try:
            os.write(descriptor, bytes.fromhex(payload["bytes"]))
        except OSError:
            continue
    time.sleep(payload["seconds"])


def forges_its_end(payload, send):
    os.write(3, b"E" + struct.pack(">I", 0))
    while True:
        os.write(3, b"x" * 65536)


def closes_everything(payload, send):
    os.closerange(0, 1000)


def raises(payload, send):
    raise ValueError("x" * 10_000)


def leaves_threads(payload, send):
    def write_on():
        while True:
            send({"late": 1})

    threading.Thread(target=write_on).start()


def honest(payload, send):
    """What an ordinary job sees and does."""
    descriptors = [number for number in range(1000) if _is_open(number)]
    with open("own.txt", "w", encoding="utf-8", newline="\n") as file:
        file.write("own")
    socket.socketpair()
    connection = sqlite3.connect("own.db")
    connection.execute("create table t as select 1 as x")
    connection.commit()
    send(
        {
            "payload": payload,
            "folder": os.getcwd(),
            "files": sorted(os.listdir()),
            "given": {path: Path(path).read_text(encoding="utf-8") for path in payload["paths"]},
            "environment": dict(os.environ),
            "descriptors": descriptors,
            "user": os.getuid(),
            "groups": os.getgroups(),
            "path": sys.path,
            "rows": connection.execute("select x from t").fetchall(),
        }
    )


def _is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def libraries(payload, send):
    """What lessons use, imported and used inside."""
    import duckdb
    import pandas as pd
    import rjieba
    from sklearn.cluster import KMeans
    from sklearn.ensemble import RandomForestClassifier

    frame = pd.DataFrame({"x": [0.0, 0.1, 5.0, 5.1], "y": [0.0, 0.2, 5.0, 5.2]})
    frame.to_csv("frame.csv", index=False)
    database = duckdb.connect("own.duckdb", config={"threads": 3})
    total = database.sql("select sum(x) from 'frame.csv'").fetchall()[0][0]
    forest = RandomForestClassifier(n_estimators=4, n_jobs=-1, random_state=1).fit(frame, [0, 0, 1, 1])
    send(
        {
            "groups": len(set(KMeans(2, n_init=1, random_state=1).fit(frame).labels_)),
            "forest": forest.predict(frame).tolist(),
            "total": total,
            "words": rjieba.Jieba().cut("茶很好喝"),
        }
    )


def draws(payload, send):
    import matplotlib.pyplot as plt

    plt.plot([1, 2], label="x")
    plt.legend()
    plt.savefig("figure.png")
    send({"picture": os.path.getsize("figure.png") > 1000})
