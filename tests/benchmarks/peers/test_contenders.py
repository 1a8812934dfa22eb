import json
from collections import Counter

import pytest

from benchmarks.peers.contender import absent
from benchmarks.peers.contenders import CONTENDERS
from benchmarks.peers.jobs import FULL

PACKAGES = sorted(
    {each.package for each in CONTENDERS if each.package}, key=lambda package: package.module
)


def test_each_has_a_name_of_its_own_and_says_how_it_is_set_up():
    assert set(Counter((each.job, each.key) for each in CONTENDERS).values()) == {1}
    assert set(Counter((each.job, each.name) for each in CONTENDERS).values()) == {1}
    assert all(each.settings for each in CONTENDERS)


def test_every_job_has_ours_first_and_a_peer():
    for job in FULL:
        ours = [each.ours for each in CONTENDERS if each.job == job.key]
        assert ours == sorted(ours, reverse=True)
        assert set(ours) == {True, False}


def test_what_is_absent_is_named():
    for package in PACKAGES:
        assert absent(package) in {"", f"needs {package.module}; pip install {package.install}"}
    assert absent(None) == ""


@pytest.mark.parametrize("package", [None, *PACKAGES], ids=lambda each: each.module if each else "")
def test_each_that_is_installed_does_its_job(run_with_tensorflow, package):
    if absent(package):
        pytest.skip(absent(package))
    module = package.module if package else ""
    done = run_with_tensorflow("tests.benchmarks.peers.checked", module)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    mine = [each for each in CONTENDERS if each.package == package]
    assert set(found) == {f"{each.job} {each.key}" for each in mine}
    assert min(found.values()) > 0
