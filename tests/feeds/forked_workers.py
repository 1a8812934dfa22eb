"""An example in several processes at a time, each with a ``TF_CONFIG`` of its own.

They are forked where TensorFlow has been imported and has done nothing yet: to import it in each
would take most of the test's time.
"""

from __future__ import annotations

import os
import runpy
import sys
from pathlib import Path


def main() -> None:
    """Run the example once for each argument, which is a ``TF_CONFIG``, into files in here."""
    example, *configurations = sys.argv[1:]
    children = []
    for number, configuration in enumerate(configurations):
        child = os.fork()
        if child == 0:
            os.environ["TF_CONFIG"] = configuration
            printed = os.open(Path.cwd() / f"{number}.txt", os.O_WRONLY | os.O_CREAT)
            os.dup2(printed, 1)
            os.dup2(printed, 2)
            runpy.run_path(example, run_name="__main__")
            return
        children.append(child)
    ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    sys.exit(max(map(abs, ended)))


if __name__ == "__main__":
    main()
