"""A page made of a template and facts: everything is escaped, nothing may be undefined."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from samebytes.errors import MissingPackage
from samebytes.measure.machine import Machine
from samebytes.measure.numbers import duration_text
from samebytes.share.layout import as_bytes_text

__all__ = ["check_packages", "render"]

_TEMPLATES = Path(__file__).with_name("templates")


def check_packages() -> None:
    """Raise now what making a page would raise after the minutes that measuring takes.

    Raises
    ------
    MissingPackage
        If Jinja or Matplotlib is not installed.
    """
    missing = [name for name in ("jinja2", "matplotlib") if find_spec(name) is None]
    if missing:
        message = f"a page needs {' and '.join(missing)}; install it: pip install 'samebytes[cli]'"
        raise MissingPackage(message)


def render(
    template: Path,
    *,
    machine: Machine,
    command: str,
    date: str = "",
    seconds: float | None = None,
    **facts: Any,
) -> str:
    """Return the page that `template` makes of `facts`.

    Parameters
    ----------
    template : Path
        Its file, which may name the templates beside it, and those of this kit.
    machine : Machine
        Where it was measured; like all that follows, for the foot of the page.
    command : str
        What to type to measure it again; empty if that cannot be said.
    date : str
        Of the day, as in ISO 8601; empty if it is not known.
    seconds : float, optional
        How long it took.
    **facts
        What the template names.

    Raises
    ------
    MissingPackage
        If Jinja is not installed.
    """
    check_packages()
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader([template.parent, _TEMPLATES]),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template.name).render(
        machine=machine,
        memory=as_bytes_text(machine.memory_bytes),
        command=command,
        date=date,
        duration=None if seconds is None else duration_text(seconds),
        **facts,
    )
