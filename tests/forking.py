"""A Python that has everything imported, and forks for each module or script it is told to run.

To import TensorFlow takes seconds, to import the engine a second, and a hundred tests need a
process of their own. What is forked has run nothing yet: no operation of TensorFlow, whose threads
start with the first one, and nothing of the engine.

``python -m tests.forking`` reads a request a line from standard input, as JSON, and answers each
with a return code. Which greetings an import prints, what an audit does before TensorFlow is there,
and how a cold cache of machine code fills, must be tested in a Python of its own.
"""

from __future__ import annotations

import gc
import importlib.util
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

RunModule = Callable[..., "subprocess.CompletedProcess[str]"]
RunScript = Callable[..., "subprocess.CompletedProcess[str]"]

SCRIPT = "-c"
"""In place of a module's name: the first argument is a script."""


@contextmanager
def forking_python(timeout: float = 200) -> Iterator[RunModule]:
    """Return what runs a module, or a file, with arguments, and tells how it ended."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.forking"],
        cwd=Path(__file__).parent.parent,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        start_new_session=True,
    )

    assert server.stdin is not None
    assert server.stdout is not None
    requests, answers = server.stdin, server.stdout

    def run(
        module: object, *arguments: object, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        argv = [str(module), *map(str, arguments)]
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder, name) for name in ("out", "err")]
            requests.write(json.dumps([argv, str(cwd or Path.cwd()), *map(str, files)]) + "\n")
            if not select.select([answers], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired(argv, timeout)
            answer = answers.readline()
            if not answer:
                message = f"the Python that forks ended with {server.wait()}"
                raise ChildProcessError(message)
            out, err = (file.read_text() for file in files)
            return subprocess.CompletedProcess(argv, int(answer), out, err)

    try:
        yield run
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.communicate()


def serve() -> list[str] | None:
    """Fork for every request; give its arguments in what was forked, and None at the end."""
    for line in sys.stdin:
        argv: list[str]
        argv, folder, out, err = json.loads(line)
        child = os.fork()
        if child == 0:
            os.chdir(folder)
            for number, path in ((0, os.devnull), (1, out), (2, err)):
                file = os.open(path, os.O_RDWR | os.O_CREAT)
                os.dup2(file, number)
                os.close(file)
            return argv
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    return None


if __name__ == "__main__":
    for name in (
        "keras",
        "numba",
        "rich.table",
        "tensorflow",
        "typer",
        "samebytes.engine.iterator",
    ):
        if importlib.util.find_spec(name.partition(".")[0]) is not None:
            importlib.import_module(name)
    gc.freeze()  # so that no collection touches, and so copies, what is shared
    requested = serve()
    if requested is not None:
        sys.argv = requested
        if requested[0] == SCRIPT:
            # In the module that is the main one to the very end, as of any script.
            exec(compile(sys.argv.pop(1), "<string>", "exec"), vars(sys.modules["__main__"]))  # noqa: S102
        elif requested[0].endswith(".py"):
            runpy.run_path(requested[0], run_name="__main__")
        else:
            runpy.run_module(requested[0], run_name="__main__", alter_sys=True)
