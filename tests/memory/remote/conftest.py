"""Servers for the tests of URLs, started once for a file's process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.memory.remote.servers import (
    FaultyServer,
    faulty_server,
    make_bucket,
    moto_server,
    nginx_over,
)

from samebytes.memory.remote import remote_object, stores


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder whose files nginx serves."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def nginx(served: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of `served`."""
    with nginx_over(served, tmp_path_factory.mktemp("nginx")) as url:
        yield url


@pytest.fixture(scope="session")
def _faulty(nginx: str) -> Iterator[FaultyServer]:
    with faulty_server(nginx) as faulty:
        yield faulty


@pytest.fixture
def faulty(_faulty: FaultyServer) -> FaultyServer:
    """Return a server of the same files that makes no faults yet."""
    _faulty.reset()
    return _faulty


@pytest.fixture(scope="session")
def _moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        make_bucket(f"{url}/bucket")
        yield url


@pytest.fixture
def moto(_moto: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of an S3 with a bucket named bucket, which the environment names too."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", _moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "topsecret")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return _moto


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait less for servers that are on this machine."""
    monkeypatch.setattr(stores, "FIRST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(stores, "LONGEST_PAUSE_SECONDS", 0.02)
    monkeypatch.setattr(stores, "SILENT_SECONDS", 0.5)
    monkeypatch.setattr(remote_object, "FIRST_PAUSE_SECONDS", 0.01)
