"""Attack notebooks that look for what is right, for the key, for other people's work, and for a way out."""

from attacks.kit import Attack


def refused(names: str) -> tuple[str, ...]:
    return tuple(f"{name} refused" for name in names.split())


SECRETS = {
    "answers_module": Attack(
        """
import importlib, importlib.util, os, pathlib, sys
import crmlab
right = pathlib.Path(crmlab.__file__).parent / "questions" / "right"
tried("module", lambda: importlib.import_module("crmlab.questions.right.start"))
spec = importlib.util.spec_from_file_location("mine", right / "start.py")
tried("by_path", lambda: spec.loader.get_source("mine"))
tried("source", lambda: (right / "start.py").read_text())
tried("descriptor", lambda: os.read(os.open(right, os.O_PATH), 1))
tried("at", lambda: os.open("start.py", os.O_RDONLY, dir_fd=os.open(right, os.O_RDONLY)))
tried("concepts", lambda: (right / "concepts.csv").read_bytes())
tried("compiled", lambda: next((right / "__pycache__").glob("start.*")).read_bytes())
tried("link", lambda: (os.symlink(right / "start.py", "mine.py"), open("mine.py").read()))
tried("hard_link", lambda: (os.link(right / "start.py", "hard.py"), open("hard.py").read()))
tried("by_root", lambda: open(f"/proc/self/root{right}/start.py").read())
tried("by_folder", lambda: open(f"/proc/self/cwd/../../../../../../..{right}/start.py").read())
""",
        says=refused("module by_path source descriptor at concepts compiled link hard_link by_root by_folder"),
    ),
    "solutions": Attack(
        """
import pathlib
root = pathlib.Path(known["root"])
tried("lesson", lambda: (root / "notebooks" / "source" / "00_start.py").read_text())
tried("tests", lambda: (root / "tests" / "test_grade_attacks.py").read_text())
tried("history", lambda: (root / ".git" / "HEAD").read_text())
tried("teaching", lambda: (root / "datasets" / "teaching" / "customers.csv").read_text())
""",
        says=refused("lesson tests history teaching"),
    ),
    "key_and_home": Attack(
        """
import os, pathlib
tried("key", lambda: pathlib.Path(known["key"]).read_text())
tried("at_home", lambda: pathlib.Path(known["home"], ".crmlab", "course.key").read_text())
tried("home", lambda: os.listdir(known["home"]))
tried("shadow", lambda: open("/etc/shadow").read())
if any("KEY" in name or "SECRET" in name or known["home"] in text for name, text in os.environ.items()):
    print("got environment")
print("own home", os.listdir(os.path.expanduser("~")))
""",
        says=(*refused("key at_home home shadow"), r"own home \[\]"),
    ),
    "others_work": Attack(
        """
import glob, os, zipfile
tried("zip", lambda: zipfile.ZipFile(known["handed_in"]).namelist())
tried("folder", lambda: os.listdir(os.path.dirname(known["handed_in"])))
tried("records", lambda: os.listdir(known["out"] + "/records"))
tried("executed", lambda: open(known["out"] + "/executed/right.ipynb").read())
tried("descriptors", lambda: [open(f"/proc/self/fd/{number}").read() for number in range(4, 64)])
for found in glob.glob("/tmp/**/*.ipynb", recursive=True) + glob.glob("/var/tmp/*") + glob.glob("/dev/shm/*"):
    print("got", found)
print("tried")
""",
        says=refused("zip folder records executed descriptors"),
    ),
    "grader_memory": Attack(
        """
import ctypes, os, struct
libc = ctypes.CDLL(None, use_errno=True)
def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno())
    return result
def memory_of(pid):
    room = ctypes.create_string_buffer(16)
    ours = struct.pack("PN", ctypes.addressof(room), 16)
    theirs = struct.pack("PN", ctypes.cast(libc.getpid, ctypes.c_void_p).value, 16)
    return checked(libc.process_vm_readv(pid, ours, 1, theirs, 1, 0))
for name, pid in (("parent", os.getppid()), ("grader", known["pid"])):
    tried(f"{name} mem", lambda: open(f"/proc/{pid}/mem", "r+b"))
    tried(f"{name} vm", lambda: memory_of(pid))
    tried(f"{name} ptrace", lambda: checked(libc.ptrace(0x4206, pid, None, None)))
    tried(f"{name} environ", lambda: open(f"/proc/{pid}/environ").read())
    tried(f"{name} root", lambda: os.listdir(f"/proc/{pid}/root/tmp"))
""",
        says=tuple(f"{who} {what} refused" for who in ("parent", "grader") for what in ("mem", "vm", "ptrace", "root")),
    ),
    "network": Attack(
        """
import socket, urllib.request
def udp():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        return client.sendto(b"key", ("127.0.0.1", known["udp"]))
tried("tcp", lambda: socket.create_connection(("127.0.0.1", known["tcp"]), timeout=2))
tried("udp", udp)
tried("dns", lambda: socket.getaddrinfo("shop.example", 80))
tried("web", lambda: urllib.request.urlopen(f"http://127.0.0.1:{known['tcp']}/", timeout=2))
tried("listen", lambda: socket.create_server(("127.0.0.1", 0)))
tried("six", lambda: socket.create_connection(("::1", known["tcp"]), timeout=2))
tried("unix", lambda: socket.socket(socket.AF_UNIX).connect("\\0crmlab"))
tried("raw", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
""",
        says=refused("tcp udp dns web listen six unix raw"),
    ),
    "teaching_data": Attack(
        """
from crmlab import check_settings, open_data
tried("teaching", lambda: open_data(check_settings(lang="en", data="teaching", window=180)))
data = "teaching"
answer("q1", known["teaching"])
""",
        says=("teaching refused",),
        verdicts={"q1": "wrong"},
    ),
}
