"""Servers on this machine: nginx, one in front of it that makes faults, and an S3 of moto."""

from __future__ import annotations

import contextlib
import http.client
import http.server
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

PATIENCE = 20.0
"""Seconds that a server may take to start."""

_CONFIGURATION = """
{user} daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
  uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
  default_type application/octet-stream;
  server {{ listen 127.0.0.1:{port}{ssl}; {encrypted} root "{root}"; }}
}}
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(port: int, process: subprocess.Popen[Any]) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    pytest.fail(f"{process.args!r} did not start, and ended with {process.poll()}")


@contextlib.contextmanager
def nginx_over(root: Path, folder: Path, encrypted: str = "") -> Iterator[str]:
    """Serve the files below `root`; yields the URL of it."""
    program = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.fail(
            "these tests ask a real web server, and nginx is not installed: "
            "apt-get install nginx-light"
        )
    port = free_port()
    configuration = folder / "nginx.conf"
    user = "" if os.geteuid() else "user root root;"  # whose workers else may not see our folders
    told = {"user": user, "folder": folder, "port": port, "root": root}
    told |= {"encrypted": encrypted, "ssl": " ssl" * bool(encrypted)}
    configuration.write_text(_CONFIGURATION.format(**told))
    command = [program, "-e", str(folder / "error.log"), "-c", str(configuration)]
    process = subprocess.Popen(command)
    try:
        wait_for(port, process)
        yield f"http{'s' * bool(encrypted)}://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)


@contextlib.contextmanager
def moto_server(folder: Path) -> Iterator[str]:
    """Serve the API of S3; yields the URL of it."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "moto.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_for(port, process)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(PATIENCE)


def make_bucket(url: str) -> None:
    """Make a bucket, where anybody may."""
    request = urllib.request.Request(url, b"", method="PUT")  # noqa: S310
    urllib.request.urlopen(request, timeout=PATIENCE).close()  # noqa: S310


@dataclass
class Asked:
    """A request that came to the faulty server."""

    method: str
    path: str
    headers: dict[str, str]

    @property
    def range(self) -> tuple[int, int] | None:
        """First byte asked for, and the one behind the last."""
        said = self.headers.get("range")
        if said is None:
            return None
        first, _, last = said.removeprefix("bytes=").partition("-")
        return int(first), int(last) + 1


@dataclass
class Answer:
    """What nginx answered."""

    status: int
    headers: dict[str, str]
    body: bytes


Fault = Callable[["Handler", Answer], None]


@dataclass
class FaultyServer:
    """Passes requests on to nginx, and makes faults.

    Attributes
    ----------
    url : str
        Where it listens.
    asked : list of Asked
        Requests that came.
    faults : list
        What the next requests meet, in order; None for nothing.
    always : callable or None
        What every request meets, once `faults` is used up.
    hidden : set of str
        Headers that nginx is not shown.
    """

    upstream: str
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    faults: list[Fault | None] = field(default_factory=list)
    always: Fault | None = None
    hidden: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def reset(self) -> None:
        """Forget what was asked, and make no more faults."""
        self.asked.clear()
        self.faults.clear()
        self.hidden.clear()
        self.always = None

    @property
    def bytes_asked(self) -> int:
        """Bytes of all ranges that were asked for."""
        return sum(each.range[1] - each.range[0] for each in self.asked if each.range)


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection to the faulty server."""

    protocol_version = "HTTP/1.1"
    faulty: FaultyServer

    def do_GET(self) -> None:
        faulty = self.faulty
        headers = {name.lower(): value for name, value in self.headers.items()}
        with faulty.lock:
            faulty.asked.append(Asked(self.command, self.path, headers))
            fault = faulty.faults.pop(0) if faulty.faults else faulty.always
        shown = {"range", "if-match"} - faulty.hidden
        where = urlsplit(faulty.upstream)
        upstream = http.client.HTTPConnection(str(where.hostname), where.port, timeout=PATIENCE)
        passed = {name: headers[name] for name in shown if name in headers}
        upstream.request(self.command, self.path, headers=passed)
        found = upstream.getresponse()
        said = {name.lower(): value for name, value in found.getheaders()}
        answer = Answer(found.status, said, found.read())
        upstream.close()
        (fault or send)(self, answer)

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *arguments: Any) -> None:
        """Say nothing."""


def send(handler: Handler, answer: Answer) -> None:
    """Pass an answer on as it is."""
    send_head(handler, answer)
    handler.wfile.write(answer.body)


def send_head(handler: Handler, answer: Answer, length: int | None = None) -> None:
    handler.send_response(answer.status)
    for name in ("content-range", "etag", "last-modified", "accept-ranges"):
        if name in answer.headers:
            handler.send_header(name, answer.headers[name])
    handler.send_header("content-length", str(len(answer.body) if length is None else length))
    handler.end_headers()


def status(code: int) -> Fault:
    """Answer with a status, and with a page that shows the URL, as some servers do."""

    def fault(handler: Handler, answer: Answer) -> None:
        send(handler, Answer(code, {}, f"no {handler.path}".encode()))

    fault.__name__ = f"status_{code}"  # what pytest calls it
    return fault


def cut_after(count: int) -> Fault:
    """Promise a whole answer, and break off."""

    def fault(handler: Handler, answer: Answer) -> None:
        send_head(handler, answer)
        handler.wfile.write(answer.body[:count])
        handler.close_connection = True

    fault.__name__ = f"cut_after_{count}"
    return fault


def shorter_by(count: int) -> Fault:
    """Answer with fewer bytes than the head says that the range has, as if all was well."""

    def fault(handler: Handler, answer: Answer) -> None:
        answer.body = answer.body[:-count]
        send(handler, answer)

    return fault


def late(seconds: float) -> Fault:
    """Stay silent for a while."""

    def fault(handler: Handler, answer: Answer) -> None:
        time.sleep(seconds)
        with contextlib.suppress(OSError):
            send(handler, answer)

    return fault


def reset_connection(handler: Handler, answer: Answer) -> None:
    """Break the connection as a crash does."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


def with_headers(**changed: str | None) -> Fault:
    """Answer with other headers: None leaves one out."""

    def fault(handler: Handler, answer: Answer) -> None:
        for name, value in changed.items():
            answer.headers.pop(name.replace("_", "-"), None)
            if value is not None:
                answer.headers[name.replace("_", "-")] = value
        send(handler, answer)

    return fault


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *arguments: Any) -> None:
        """Say nothing: clients that go away are what some tests are about."""


@contextlib.contextmanager
def faulty_server(upstream: str) -> Iterator[FaultyServer]:
    """Run a faulty server in threads of this process."""
    faulty = FaultyServer(upstream)
    handler = type("Handler", (Handler,), {"faulty": faulty})
    server = _Server(("127.0.0.1", 0), handler)
    faulty.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield faulty
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
