"""``samebytes audit``: someone's script, run as it is, and the copies it hides."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from samebytes.cli.options import parsed
from samebytes.cli.sizes import parse_size
from samebytes.share.layout import as_bytes_text

__all__ = ["SETTINGS", "audit"]

# What stands behind the script's name is the script's.
SETTINGS = {"allow_interspersed_args": False, "ignore_unknown_options": True}


def audit(
    script: Annotated[
        Path, typer.Argument(help="A Python file.", exists=True, dir_okay=False, readable=True)
    ],
    arguments: Annotated[list[str] | None, typer.Argument(help="The script's own.")] = None,
    json: Annotated[Path | None, typer.Option(help="Write every fact to this file.")] = None,
    fail_over: Annotated[
        str | None, typer.Option(help="Exit with 1 if more was copied, as in 100MB.")
    ] = None,
) -> None:
    """Run a script, and tell of the copies it hides, on standard error.

    The exit code is the script's own; where that is 0 and --fail-over was exceeded, it is 1.
    """
    from samebytes.report.audit import Audit
    from samebytes.report.audit.running import run_script
    from samebytes.report.audit.table import print_audit
    from samebytes.report.console import make_console

    most = None if fail_over is None else parsed(parse_size, fail_over, "--fail-over")
    if json is not None:
        json.touch()  # to fail now, not after the minutes that the script takes
        json = json.resolve()  # the script may change the folder
    found = Audit()
    code = run_script(script, arguments or [], found)
    sys.stdout.flush()
    console = make_console(stderr=True)
    print_audit(found, console)
    if json is not None:
        json.write_text(found.to_json(), encoding="utf-8")
    if code == 0 and most is not None and found.bytes_copied > most:
        sys.stderr.write(
            f"samebytes: {script} copied {as_bytes_text(found.bytes_copied)}, and --fail-over "
            f"allows {as_bytes_text(most)}; the lines above say what to write instead\n"
        )
        code = 1
    raise typer.Exit(code)
