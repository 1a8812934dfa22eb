import http.client
from urllib.parse import urlsplit

import pytest

from benchmarks.storage.server import find_nginx, serve


@pytest.fixture
def program():
    found = find_nginx()
    if found is None:
        pytest.skip("nginx is not installed")
    return found


def test_serves_ranges_and_ends(tmp_path, program):
    folder, scratch = tmp_path / "files", tmp_path / "scratch"
    folder.mkdir()
    scratch.mkdir()
    (folder / "x.npy").write_bytes(bytes(range(100)))
    with serve(folder, scratch, program) as url:
        server = urlsplit(url).netloc
        asked = http.client.HTTPConnection(server)
        asked.request("GET", "/x.npy", headers={"Range": "bytes=10-19"})
        answer = asked.getresponse()
        assert answer.status == 206
        assert answer.read() == bytes(range(10, 20))
        asked.close()
    with pytest.raises(OSError, match="refused"):
        http.client.HTTPConnection(server).connect()


def test_says_why_it_does_not_start(tmp_path, program):
    with (
        pytest.raises(RuntimeError, match="nginx did not start"),
        serve(tmp_path / "a;b", tmp_path, program),
    ):
        pass
