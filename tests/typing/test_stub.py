"""What type checkers are told of the front door is what is there: one list of names, with types."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import samebytes as sb

SOURCE = Path(sb.__file__).parent
STUB = SOURCE / "__init__.pyi"
USER = Path(__file__).with_name("user.py")


def imported(path: Path) -> dict[str, str]:
    """Return the names that a file takes from the package, with the modules it takes them from."""
    return {
        alias.asname or alias.name: node.module
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("samebytes.")
        for alias in node.names
    }


def classes() -> dict[str, ast.ClassDef]:
    body = ast.parse(STUB.read_text()).body
    return {node.name: node for node in body if isinstance(node, ast.ClassDef)}


def test_the_stub_the_list_and_the_late_imports_name_the_same():
    told = {*imported(STUB), *classes(), "__version__"}
    eager = set(imported(SOURCE / "__init__.py"))
    assert told == set(sb.__all__) == eager | set(sb._LAZY) | {"__version__"}
    assert not eager & set(sb._LAZY)


def test_the_stub_takes_each_name_from_where_the_program_does():
    modules = {**imported(SOURCE / "__init__.py"), **sb._LAZY}
    for name, module in imported(STUB).items():
        assert module == modules[name], name


def test_what_is_imported_late_is_there_and_told_by_dir():
    assert set(sb.__all__) <= set(dir(sb))
    with pytest.raises(AttributeError, match="module 'samebytes' has no attribute 'Datasets'"):
        sb.Datasets  # noqa: B018


def test_iterators_statistics_and_specs_are_public():
    dataset = sb.Dataset.from_tensor_slices(sb.zeros((8, 3), "float32")).batch(4)
    assert isinstance(dataset.element_spec, sb.ArraySpec)
    with dataset.iterate() as iterator:
        assert isinstance(iterator, sb.Iterator)
        next(iterator)
        assert isinstance(iterator.stats(), sb.Stats)


@pytest.mark.parametrize("name", sorted(classes()))
def test_a_class_written_into_the_stub_takes_what_the_real_one_takes(name):
    pytest.importorskip("tensorflow")
    method = next(node for node in classes()[name].body if isinstance(node, ast.FunctionDef))
    real = inspect.signature(getattr(sb, name).__init__).parameters
    arguments = method.args
    assert [each.arg for each in (*arguments.args, *arguments.kwonlyargs)] == list(real)
    optional = [
        each.arg for each in arguments.args[len(arguments.args) - len(arguments.defaults) :]
    ]
    optional += [each.arg for each in arguments.kwonlyargs]
    assert optional == [key for key, each in real.items() if each.default is not each.empty]


def names_used(path: Path) -> set[str]:
    return {
        node.attr
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "sb"
    }


def test_the_users_program_uses_every_public_name():
    assert names_used(USER) == set(sb.__all__)


def checked(path: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Return what mypy says of a program, strictly and as if samebytes were installed."""
    pytest.importorskip("mypy")
    settings = folder / "mypy.ini"
    settings.write_text("[mypy]\nfollow_imports = silent\n")
    command = [sys.executable, "-m", "mypy", "--strict", f"--config-file={settings}"]
    command += [f"--cache-dir={folder / 'cache'}", str(path)]
    environment = {**os.environ, "MYPYPATH": str(SOURCE.parent)}
    return subprocess.run(
        command, capture_output=True, text=True, timeout=200, env=environment, cwd=folder
    )


WRONG = """
import samebytes as sb
from typing_extensions import assert_type
sb.no_such_name
assert_type(sb.zeros(3), int)
sb.explain(b"1").remedies
sb.Dataset.from_tensor_slices([1]).shuffle(sed=1)
sb.SavePosition(1, 2)
ds = sb.Dataset.from_tensor_slices([1])
ds.map(1 / 255)
ds.window(4, horizon=1, columns="first")
ds.window(4, boundaries=object())
ds.element_spec.rank
sb.borders_at_gaps([1, 2], "1h")
"""


def test_the_types_are_those_that_users_need_and_wrong_ones_are_told(tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text(WRONG)
    program = tmp_path / "user.py"
    program.write_text(USER.read_text())
    found = checked(program, tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    told = checked(wrong, tmp_path).stdout
    lines = {int(line.split(":")[1]) for line in told.splitlines() if ": error: " in line}
    assert lines == {4, 5, 6, 7, 8, 10, 11, 12, 13, 14}, told


def test_the_stub_is_no_module_of_the_program():
    assert importlib.import_module("samebytes").__file__.endswith("__init__.py")
    assert (SOURCE / "py.typed").exists()
