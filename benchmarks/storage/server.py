"""nginx on this machine, which serves the files of a folder."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["find_nginx", "serve"]

PATIENCE = 10.0

PLACES = "/usr/sbin:/usr/local/sbin"
"""Where it lies, and a user's PATH may not look."""

# Without tcp_nopush, as nginx is by itself: it would hold a packet back until that is full, for up
# to 200 ms, and on the loopback interface one has 64 KB: whoever reads a little slower waits.
CONFIGURATION = """\
daemon off;
{user}
worker_processes 2;
pid {scratch}/pid;
error_log stderr error;
events {{ worker_connections 512; }}
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000;
  client_body_temp_path {scratch}/body;
  proxy_temp_path {scratch}/proxy;
  fastcgi_temp_path {scratch}/fastcgi;
  uwsgi_temp_path {scratch}/uwsgi;
  scgi_temp_path {scratch}/scgi;
  server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


def find_nginx() -> str | None:
    """Return where nginx is, None where it is not installed."""
    return shutil.which("nginx") or shutil.which("nginx", path=PLACES)


@contextlib.contextmanager
def serve(folder: Path, scratch: Path, program: str) -> Iterator[str]:
    """Serve a folder while the block runs.

    Parameters
    ----------
    folder : Path
        What is served.
    scratch : Path
        An empty folder for the server's own files.
    program : str
        Where nginx is.

    Yields
    ------
    str
        The URL of the folder.
    """
    port = _free_port()
    user = "user root;" if os.geteuid() == 0 else ""  # else root's server could not read the folder
    configuration = scratch / "nginx.conf"
    configuration.write_text(
        CONFIGURATION.format(user=user, scratch=scratch, folder=folder, port=port)
    )
    command = [program, "-e", "stderr", "-p", str(scratch), "-c", str(configuration)]
    complaints = scratch / "complaints"
    with complaints.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    try:
        _wait(process, port, complaints)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()  # its workers end with it
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int, complaints: Path) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    message = f"nginx did not start: {complaints.read_text()[-500:]}"
    raise RuntimeError(message)


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
