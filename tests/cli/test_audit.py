import json

import pytest

pytest.importorskip("tensorflow")

COPYING = """
import sys
import numpy as np, tensorflow as tf

print(sys.argv[1:], __name__)
x = np.ones((1000, 1000))
t = tf.constant(x)
sys.exit(int(sys.argv[1]))
"""


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(COPYING)
    return path


def test_runs_the_script_as_itself_and_tells_on_standard_error(samebytes, script):
    done = samebytes("audit", script, "0", "--epochs", "3")
    assert (done.returncode, done.stdout) == (0, "['0', '--epochs', '3'] __main__\n")
    told = " ".join(done.stderr.split())
    assert "tf.constant" in told
    assert "8.0 MB" in told
    assert "x = sb.aligned(x)" in told


def test_the_exit_code_is_the_scripts(samebytes_forked, script):
    assert samebytes_forked("audit", "--fail-over", "1MB", script, "3").returncode == 3


@pytest.mark.parametrize(("limit", "code"), [("7MB", 1), ("8MB", 0)])
def test_fails_over_what_is_allowed(samebytes_forked, script, tmp_path, limit, code):
    facts = tmp_path / "facts.json"
    done = samebytes_forked("audit", "--fail-over", limit, "--json", facts, script, "0")
    assert done.returncode == code
    sentence = "copied 8.0 MB, and --fail-over allows 7.0 MB"
    assert (sentence in done.stderr) == bool(code)
    found = json.loads(facts.read_text())
    assert found["bytes_copied"] == 8_000_000
    (copy,) = found["copies"]
    assert (copy["file"], copy["line"], copy["count"]) == (str(script), 7, 1)


def test_writes_a_page_that_says_how_to_run_it_again(samebytes_forked, script, tmp_path):
    page = tmp_path / "found.html"
    done = samebytes_forked("audit", "--html", page, script, "0", "--epochs", "3")
    assert done.returncode == 0
    written = page.read_text()
    assert "8.0 MB copied that the code does not show" in written
    assert "train.py:7" in written
    assert "t = tf.constant(x)" in written
    assert f"samebytes audit {script} 0 --epochs 3" in written
    assert '<time datetime="20' in written


def test_fails_before_the_script_runs_where_no_page_can_be(samebytes, script, tmp_path):
    done = samebytes("audit", "--html", tmp_path / "no" / "found.html", script, "0")
    assert (done.returncode, done.stdout) == (1, "")
    assert "found.html: No such file or directory" in done.stderr


def test_an_exception_is_shown_as_python_shows_it(samebytes, tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("def read():\n    open('/no/such/file')\n\nread()\n")
    done = samebytes("audit", path)
    assert done.returncode == 1
    lines = done.stderr.splitlines()
    assert lines[0] == "Traceback (most recent call last):"
    assert lines[1] == f'  File "{path}", line 4, in <module>'
    assert any(line.startswith("FileNotFoundError:") for line in lines)
    assert lines[-1] == "no copy of 4.1 kB or more"


@pytest.mark.parametrize(
    ("text", "code"), [("import sys; sys.exit('enough')", 1), ("raise SystemExit", 0)]
)
def test_exits_as_python_does(samebytes, tmp_path, text, code):
    path = tmp_path / "ends.py"
    path.write_text(text)
    done = samebytes("audit", path)
    assert done.returncode == code
    assert ("enough" in done.stderr) == bool(code)


def test_a_script_that_is_none_is_refused(samebytes, tmp_path):
    done = samebytes("audit", tmp_path / "nothing.py")
    assert done.returncode == 2
    assert "does not exist" in " ".join(done.stderr.replace("│", " ").split())


def test_a_size_that_is_none_is_refused_before_the_script_runs(samebytes, script):
    done = samebytes("audit", "--fail-over", "much", script, "0")
    assert (done.returncode, done.stdout) == (2, "")
    assert "is not a size" in done.stderr
