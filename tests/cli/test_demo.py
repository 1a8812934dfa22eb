import re
from pathlib import Path

import pytest


def figures(printed: str, name: str) -> list[float]:
    """Return the numbers of the line that begins with `name`."""
    found = re.search(rf"^ +{re.escape(name)} (.*)$", printed, re.MULTILINE)
    assert found is not None, printed
    return [float(number.replace(",", "")) for number in re.findall(r"\d+(?:[,.]\d+)*", found[1])]


def test_shows_the_same_address_twice(samebytes_forked):
    pytest.importorskip("skimage")
    done = samebytes_forked("demo", "--tiles", "18")
    assert (done.returncode, done.stderr) == (0, "")
    of_array = re.search(r"address of the array +(0x[0-9a-f]+)", done.stdout)
    of_tensor = re.search(r"address of the tensor +(0x[0-9a-f]+) +the same", done.stdout)
    assert of_array is not None
    assert of_tensor is not None
    assert of_array[1] == of_tensor[1]
    assert done.stdout.count("values equal: True") == 3
    assert "anonymous memory" in done.stdout
    path = re.search(r"(/\S+/images\.npy):", done.stdout)
    assert path is not None
    assert not Path(path[1]).exists()  # removed at the end


def test_forecasts_a_series(samebytes_forked):
    pytest.importorskip("statsmodels")
    done = samebytes_forked("demo", "--job", "series")
    assert (done.returncode, done.stderr) == (0, "")
    (model,), (last_value,) = (figures(done.stdout, it) for it in ("the model ", "the last value"))
    assert 0 < model < last_value
    assert "the model is better than the naive last-value forecast" in done.stdout
    assert "values equal: True" in done.stdout
    windows, of_keras, times = figures(done.stdout, "shuffled:")
    assert times == pytest.approx(windows / of_keras, abs=0.1)
    first_rows = done.stdout.partition("the first rows the model is trained on")[2]
    assert len(re.findall(r"│ .+ … .+ │ .+ … .+ │", first_rows)) == 3


def test_learns_text(samebytes_forked):
    done = samebytes_forked("demo", "--job", "tokens")
    assert (done.returncode, done.stderr) == (0, "")
    (entropy,) = figures(done.stdout, "unigram entropy")
    first, last = figures(done.stdout, "loss of the model")
    assert 0 < last < first
    assert last < entropy
    assert "the loss is below the unigram entropy" in done.stdout
    trained, alone, times = figures(done.stdout, "trained on")
    assert times == pytest.approx(alone / trained, abs=1)
    x, y = (re.search(rf"{name}\[0\] = b(.*)", done.stdout) for name in "xy")
    assert x is not None
    assert y is not None
    assert x[1] != y[1]


def test_refuses_what_a_job_does_not_know(samebytes):
    done = samebytes("demo", "--job", "sounds")
    assert done.returncode == 2
    assert all(job in done.stderr for job in ("'images'", "'series'", "'tokens'"))
    done = samebytes("demo", "--job", "series", "--tiles", "9")
    assert done.returncode == 2
    assert "only --job images has tiles" in done.stderr


def test_names_the_extra_where_the_photographs_are_missing(monkeypatch):
    import importlib.util

    from samebytes.demo.photographs import read_photographs
    from samebytes.errors import MissingPackage

    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(MissingPackage, match=r"pip install 'samebytes\[demo\]'"):
        read_photographs()
