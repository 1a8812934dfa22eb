"""Importing samebytes brings no framework along, costs little, and only goes down the house."""

from __future__ import annotations

import ast
import json
import statistics
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

import benchmarks
import samebytes

SOURCE = Path(samebytes.__file__).parent
BENCHMARKS = Path(benchmarks.__file__).parent
FRAMEWORKS = [
    "tensorflow",
    "keras",
    "torch",
    "jax",
    "numba",
    "pyarrow",
    "ml_dtypes",
    "typer",
    "rich",
    "jinja2",
    "skimage",
    "obstore",
]

# docs/how-it-works.md, the house: a line may import from the lines above it, never from those
# below; who stands beside another in a line, not from the other.
HOUSE = [
    ["errors"],
    ["memory"],
    ["share"],
    ["plan"],
    ["engine"],
    ["feeds"],
    ["dataset"],
    ["compat"],
    ["measure"],
    ["html"],
    ["auditing", "compare", "demo", "shuffling"],
    ["cli"],
]


def run(script: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120
    ).stdout


def loaded_after(statement: str) -> set[str]:
    script = f"{statement}\nimport json, sys; print(json.dumps(sorted(sys.modules)))"
    return {name.partition(".")[0] for name in json.loads(run(script))}


def test_import_loads_no_framework():
    assert not loaded_after("import samebytes") & set(FRAMEWORKS)


def test_the_test_above_can_fail():
    assert "pyarrow" in loaded_after("import samebytes, pyarrow")


def test_sharing_with_numpy_loads_no_framework():
    statement = """
import array, samebytes as sb
sb.as_array(memoryview(array.array("f", [1, 2]))); sb.layout(b"x"); sb.zeros(3, "float32")
sb.explain(b"x", to="numpy"); sb.aligned([1, 2]); sb.stats()
"""
    assert not loaded_after(statement) & set(FRAMEWORKS)


def test_import_costs_at_most_twice_numpy():
    script = """
import subprocess, sys, time
def seconds(module):
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)
    return time.perf_counter() - start
seconds("samebytes")
rounds = [(seconds("sys"), seconds("numpy"), seconds("samebytes")) for _ in range(9)]
import json; print(json.dumps(rounds))
"""
    rounds = json.loads(run(script))
    # The interpreter's own start is in all three; what is left is the import.
    bare, numpy, ours = (statistics.median(column) for column in zip(*rounds, strict=True))
    assert ours - bare <= 2 * (numpy - bare), (bare, numpy, ours)


def imported_parts(path: Path) -> set[str]:
    """Return the parts of the house that a file imports, names for the type checker counted."""
    names = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names.append(node.module or "")
    return {name.split(".")[1] for name in names if name.startswith("samebytes.")}


def test_imports_only_go_down_the_house():
    level = {part: number for number, line in enumerate(HOUSE) for part in line}
    for path in SOURCE.rglob("*.py"):
        part = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        if part.startswith("__"):
            continue
        for other in imported_parts(path) - {part}:
            assert level[other] < level[part], f"{path.name} of {part} imports {other}"


def test_the_linter_holds_the_same_layers():
    project = (SOURCE.parent.parent / "pyproject.toml").read_text()
    block = project[project.index("layers = [") :]
    listed = [line.strip(' ",()') for line in block[: block.index("]")].splitlines()[1:]]
    assert [name for name in listed if name] == [" | ".join(line) for line in reversed(HOUSE)]


def modules_below(folder: Path, name: str) -> dict[str, Path]:
    """Return the files of a package by the full names of their modules."""
    modules = {}
    for path in folder.rglob("*.py"):
        parts = [name, *path.relative_to(folder).with_suffix("").parts]
        modules[".".join(part for part in parts if part != "__init__")] = path
    return modules


def needed(tree: ast.AST, modules: Mapping[str, object]) -> set[str]:
    """Return those of `modules` that a file needs, in whatever way it says so.

    An import counts wherever it stands: at the top, inside of a function, or for the type checker
    alone. So does a name in a text, alone or as ``module:function``, which is how modules are
    imported late and run as processes.
    """
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            inner = {f"{node.module}.{alias.name}" for alias in node.names}
            names.update(inner & modules.keys() or {node.module})
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            module, _, function = node.value.partition(":")
            names.update({module} if "." in module and " " not in function else ())
    return names & modules.keys()


def circles(needs: Mapping[str, set[str]]) -> set[frozenset[str]]:
    """Return the sets of modules of which each needs each, be it by way of others."""
    reached = {}
    for module in needs:
        reached[module], waiting = set(), [module]
        while waiting:
            new = needs[waiting.pop()] - reached[module]
            reached[module] |= new
            waiting += new
    return {
        frozenset(other for other in reached[module] if module in reached[other])
        for module in needs
        if module in reached[module]
    }


def test_no_files_form_a_circle():
    modules = modules_below(SOURCE, "samebytes") | modules_below(BENCHMARKS, "benchmarks")
    # A module may name itself, to run in a process of its own.
    needs = {
        name: needed(ast.parse(path.read_text()), modules) - {name}
        for name, path in modules.items()
    }
    assert len(needs["samebytes.auditing.context"]) > 5
    assert "samebytes.auditing" in needs["samebytes"]
    assert not circles(needs)


@pytest.mark.parametrize(
    "line",
    [
        "from house import cellar",
        "from house.cellar import wine",
        "def f():\n    import house.cellar",
        "if TYPE_CHECKING:\n    from house.cellar import wine",
        'import_module("house.cellar")',
        'WINE = "house.cellar:wine"',
    ],
)
def test_the_test_above_sees_every_kind_of_circle(line):
    lines = {"house": "", "house.roof": line, "house.cellar": "import house.roof"}
    needs = {name: needed(ast.parse(text), lines) for name, text in lines.items()}
    assert circles(needs) == {frozenset({"house.roof", "house.cellar"})}
