import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

import pytest

import samebytes
from samebytes.engine.kernels import fill as loops
from samebytes.engine.kernels import jit
from samebytes.engine.kernels import job as kernels
from samebytes.engine.kernels.jit import compiled

PACKAGE = Path(samebytes.__file__).parent


def python(code, package=PACKAGE, **environment):
    """Run code with a copy of the package in another process; return what it prints, in words."""
    result = subprocess.run(
        [sys.executable, "-c", code], check=True, timeout=120, text=True, capture_output=True,
        env={**os.environ, "PYTHONPATH": str(package.parent), **environment},
    )  # fmt: skip
    return result.stdout.split()


def test_a_second_process_compiles_nothing(tmp_path):
    code = (
        "import numba, time; start = time.process_time()\n"
        "from samebytes.engine.kernels import job as kernels, fill as loops; kernels.warm_up()\n"
        "print(time.process_time() - start, sum(loops.fill_chunk.stats.cache_misses.values()))"
    )
    compiling, misses = python(code, NUMBA_CACHE_DIR=str(tmp_path))
    assert misses == "1"
    loading, misses = python(code, NUMBA_CACHE_DIR=str(tmp_path))
    assert misses == "0"
    assert float(loading) < float(compiling) / 4


def test_warming_up_in_a_thread_readies_the_usual_pass():
    thread = Thread(target=kernels.warm_up)
    thread.start()
    thread.join()
    assert loops.fill_chunk.signatures


DRAW = (
    "from samebytes.engine.kernels import rng\n"
    "print(rng.words(1, 2, [3], 4, 1)[0, 0], sum(rng._draw.stats.cache_hits.values()))"
)


def test_code_of_another_version_is_never_run(tmp_path):
    package, cache = tmp_path / "samebytes", str(tmp_path / "cache")
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__"))
    first, hits = python(DRAW, package, NUMBA_CACHE_DIR=cache)
    assert hits == "0"
    assert python(DRAW, package, NUMBA_CACHE_DIR=cache) == [first, "1"]
    # Not the file that holds the cached function, but one with a function that it calls.
    file = package / "plan" / "rng.py"
    file.write_text(file.read_text().replace("0xD2511F53", "0xD2511F55"))
    other, hits = python(DRAW, package, NUMBA_CACHE_DIR=cache)
    assert hits == "0"
    assert other != first


def test_files_that_the_kernels_are_compiled_from_are_all_in_the_digest():
    files = {file for pattern in jit.SOURCES for file in PACKAGE.glob(pattern)}
    compiles = {f for f in PACKAGE.rglob("*.py") if "compiled(" in f.read_text()}
    shared = {PACKAGE / "plan" / name for name in ("rng.py", "permutation.py")}
    assert compiles | shared <= files


@pytest.mark.parametrize(
    ("variables", "below"),
    [({"NUMBA_CACHE_DIR": "a"}, "a"), ({"XDG_CACHE_HOME": "b"}, "b/samebytes"),
     ({"HOME": "c"}, "c/.cache/samebytes")],
)  # fmt: skip
def test_the_cache_lies_where_the_user_keeps_caches(tmp_path, variables, below):
    unset = {"NUMBA_CACHE_DIR": "", "XDG_CACHE_HOME": ""}
    variables = {name: str(tmp_path / folder) for name, folder in variables.items()}
    code = (
        "from samebytes.engine.kernels import jit as c; print(c.cache_folder(), c.source_digest())"
    )
    folder, digest = python(code, **{**unset, **variables})
    assert Path(folder) == tmp_path / below / digest
    assert Path(folder).stat().st_mode & 0o077 == 0


def test_where_no_folder_can_be_written_every_process_compiles(tmp_path):
    file = tmp_path / "file"
    file.touch()
    code = "from samebytes.engine.kernels import jit; print(jit.cache_folder())\n"
    without = python(code + DRAW, NUMBA_CACHE_DIR=str(file))
    assert without[0] == "None"
    assert without[1:] == python(DRAW, NUMBA_CACHE_DIR=str(tmp_path / "cache"))
    # Not even beside the sources, where another version could find it.
    assert not list(PACKAGE.rglob("*.code"))


def test_where_nothing_can_be_cached_functions_still_compile():
    # Code without a file is what Numba refuses to cache, as it does where no folder is writable.
    names = {}
    exec("def add(a, b):\n    return a + b", names)  # noqa: S102
    assert compiled(cache=True)(names["add"])(1, 2) == 3
