import sys
from subprocess import run

import pytest

import samebytes as sb


def test_prints_the_version(samebytes):
    done = samebytes("--version")
    assert (done.returncode, done.stdout) == (0, f"samebytes {sb.__version__}\n")


def test_says_what_there_is_to_type(samebytes):
    done = samebytes("--help")
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("demo", "explain", "compare"))


def test_imports_no_framework():
    code = (
        "import sys, samebytes.cli.commands\n"
        "heavy = {'tensorflow', 'skimage', 'jinja2', 'keras'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("package", ["typer", "rich"])
def test_names_the_extra_where_its_packages_are_missing(package):
    code = (
        f"import sys; sys.modules[{package!r}] = None\nfrom samebytes.cli.main import main\nmain()"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'samebytes[cli]'" in done.stderr


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "No such file"), (b"", "is empty"), (b"neither", "pass dtype=")],
)
def test_tells_of_a_bad_file_in_one_message(samebytes, tmp_path, content, said):
    path = tmp_path / "bad.npy"
    if content is not None:
        path.write_bytes(content)
    done = samebytes("explain", path)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(path) in done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
