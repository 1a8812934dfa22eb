"""Machine code on disk: damage is a miss, and what cannot be kept is compiled; never an error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def begin(code, cache):
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(cache),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    code = f"import json\nfrom tests.engine.kernels.tiny_kernel import *\n{code}"
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def ended(child):
    out, errors = child.communicate(timeout=100)
    assert child.returncode == 0, errors[-2000:]
    return json.loads(out.splitlines()[-1])


DAMAGED = """
import pickle, random
def turned(place):
    def turn(path):
        content = bytearray(path.read_bytes())
        content[place if place >= 0 else len(content) + place] ^= 1
        path.write_bytes(content)
    return turn
damages = {
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-7]),
    "one byte": lambda path: path.write_bytes(path.read_bytes()[:1]),
    "random": lambda path: path.write_bytes(random.Random(0).randbytes(5000)),
    "of something else": lambda path: path.write_bytes(pickle.dumps({"some": "thing"})),
    "of nothing": lambda path: path.write_bytes(pickle.dumps(None)),
    "longer": lambda path: path.write_bytes(path.read_bytes() + b"more"),
    "a bit at the beginning": turned(3),
    "a bit in the middle": lambda path: turned(path.stat().st_size // 2)(path),
    "a bit at the end": turned(-20),
    "of another function": lambda path: path.write_bytes(other),
}
start(b=2.5)
other, = [path.read_bytes() for path in entries() if path.suffix != ".nbi"]
for path in entries():
    path.unlink()
start()
found = {}
for number in range(len(entries())):
    for name, damage in damages.items():
        damage(entries()[number])
        code_cache = __import__("sys").modules.get("samebytes.engine.kernels.code_cache")
        if code_cache:
            code_cache._told.clear()
        found[f"{name} {number}"] = [start(), start()]
print(json.dumps(found))
"""


def test_a_damaged_entry_is_a_miss_and_written_anew(tmp_path):
    found = ended(begin(DAMAGED, tmp_path))
    assert len(found) >= 11
    for name, (first, again) in found.items():
        assert first[:2] == [3, 0], name
        # Whole bytes of something else are no damage: that is no entry of this function.
        quiet = name.startswith("of another function")
        assert len(first[2]) == (0 if quiet else 1), name
        if not quiet:
            assert first[2][0].startswith("RuntimeWarning: " + str(tmp_path)), name
            assert "cannot be read (its bytes are not those that were written)" in first[2][0]
            assert "NUMBA_CACHE_DIR" in first[2][0]
        assert again == [3, 1, []], name


IN_ITS_PLACE = """
start()
for path in entries():
    path.unlink()
    path.mkdir()
    (path / "more").touch()
print(json.dumps([start(), start()]))
"""


def test_a_folder_in_place_of_an_entry_stops_nothing_and_is_told_once(tmp_path):
    first, again = ended(begin(IN_ITS_PLACE, tmp_path))
    assert first[:2] == [3, 0]
    assert [told.partition("cannot be ")[2][:24] for told in first[2]] == [
        "read (Is a directory): t",
        "written (Is a directory)",
    ]
    assert again == [3, 0, []]


FULL = """
import resource, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
full = start(), start()
left = [path.name for path in entries()]
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(json.dumps([*full, left, start(), start()]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no RLIMIT_FSIZE")
def test_a_full_disk_stops_nothing_and_leaves_nothing(tmp_path):
    first, second, left, room, loaded = ended(begin(FULL, tmp_path))
    assert first[:2] == [3, 0]
    assert len(first[2]) == 1
    assert "cannot be written (File too large)" in first[2][0]
    assert second == [3, 0, []]
    assert left == []
    assert room == [3, 0, []]
    assert loaded == [3, 1, []]


READ_ONLY = """
start()
place = cache_folder()
for folder in (place, *(path for path in place.rglob("*") if path.is_dir())):
    folder.chmod(0o555)
kept = start()
changed = start(b=2.5)
print(json.dumps([kept, changed, [path.suffix for path in entries()]]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no folders of this kind")
def test_a_folder_that_became_read_only_is_read_and_not_written(tmp_path):
    # Permissions do not bind root, so the child is somebody else, with a folder of its own.
    folder = Path(tempfile.mkdtemp())
    become = ""
    if os.getuid() == 0:
        os.chown(folder, 65534, 65534)
        become = "import os; os.setgid(65534); os.setuid(65534)\n"
    try:
        kept, changed, files = ended(begin(become + READ_ONLY, folder))
    finally:
        for place in (folder, *folder.rglob("*")):
            if place.is_dir():
                place.chmod(0o755)
        shutil.rmtree(folder)
    assert kept == [3, 1, []]
    assert changed[:2] == [3.5, 0]
    assert len(changed[2]) == 1
    assert "cannot be written (Permission denied)" in changed[2][0]
    assert files == [".code"]


RACING = """
import os, pathlib, time
start_at = pathlib.Path({folder!r}, "go")
pathlib.Path({folder!r}, "ready-{number}").touch()
while not start_at.exists():
    time.sleep(0.001)
first = start(b={b})
print(json.dumps([first, start(b={b})]))
"""


def test_two_processes_that_begin_together_keep_the_code_of_each(tmp_path):
    cache = tmp_path / "cache"
    both = [
        begin(RACING.format(folder=str(tmp_path), number=number, b=b), cache)
        for number, b in enumerate((2, 2.5))
    ]
    while len(list(tmp_path.glob("ready-*"))) < 2:
        assert all(child.poll() is None for child in both)
    (tmp_path / "go").touch()
    found = [ended(child) for child in both]
    assert [first for first, _ in found] == [[3, 0, []], [3.5, 0, []]]
    assert [again for _, again in found] == [[3, 1, []], [3.5, 1, []]]
    # And each finds its own later on.
    code = "print(json.dumps([start(), start(b=2.5)]))"
    assert ended(begin(code, cache)) == [[3, 1, []], [3.5, 1, []]]
