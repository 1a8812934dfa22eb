"""``samebytes audit``: someone's script, run as it is, and the copies it hides."""

from __future__ import annotations

import datetime as dt
import shlex
import sys
import time
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
        Path,
        typer.Argument(
            help="The Python script to run.", exists=True, dir_okay=False, readable=True
        ),
    ],
    arguments: Annotated[
        list[str] | None, typer.Argument(help="Arguments passed on to the script.")
    ] = None,
    json: Annotated[
        Path | None, typer.Option(help="Write all results to this file as JSON.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Write the results to this file as an HTML page.")
    ] = None,
    fail_over: Annotated[
        str | None,
        typer.Option(help="Exit with code 1 if more than this was copied, for example 100MB."),
    ] = None,
) -> None:
    """Run a script, and report the hidden copies it makes on standard error.

    The exit code is the script's own, or 1 if that is 0 and --fail-over was exceeded.
    """
    from samebytes.auditing import Audit
    from samebytes.auditing.page import AuditFacts, render_audit_html
    from samebytes.auditing.script import run_script
    from samebytes.auditing.table import print_audit
    from samebytes.cli.console import make_console
    from samebytes.html.page import check_packages
    from samebytes.measure.machine import this_machine

    most = None if fail_over is None else parsed(parse_size, fail_over, "--fail-over")
    json, html = _ready(json), _ready(html)
    if html is not None:
        check_packages()
    given = arguments or []
    audited, machine, start = Audit(), this_machine(), time.perf_counter()
    code = run_script(script, given, audited)
    seconds = time.perf_counter() - start
    sys.stdout.flush()
    console = make_console(stderr=True)
    print_audit(audited, console)
    if json is not None:
        json.write_text(audited.to_json(), encoding="utf-8")
    if html is not None:
        facts = AuditFacts(
            copies=audited.copies,
            machine=machine,
            script=str(script),
            command=shlex.join(["samebytes", "audit", str(script), *given]),
            exit_code=code,
            date=dt.datetime.now().astimezone().date().isoformat(),
            seconds=seconds,
        )
        html.write_text(render_audit_html(facts), encoding="utf-8")
    if code == 0 and most is not None and audited.bytes_copied > most:
        sys.stderr.write(
            f"samebytes: {script} copied {as_bytes_text(audited.bytes_copied)}, and --fail-over "
            f"allows {as_bytes_text(most)}; the lines above say what to write instead\n"
        )
        code = 1
    raise typer.Exit(code)


def _ready(path: Path | None) -> Path | None:
    """Return where to write, whatever folder the script changes to; raise now if that cannot be."""
    if path is None:
        return None
    path.touch()
    return path.resolve()
