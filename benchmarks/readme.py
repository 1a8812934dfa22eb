"""Write the measured table of the README anew: ``make readme``."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- compare: begin -->\n", "<!-- compare: end -->"


def main() -> None:
    """Run ``samebytes compare`` and put its table between the marks."""
    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder, "compare.md")
        samebytes = [sys.executable, "-m", "samebytes.cli.main"]
        subprocess.run([*samebytes, "compare", "--markdown", str(table)], check=True)
        measured = table.read_text()
    before, rest = README.read_text().split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(f"{before}{BEGIN}{measured}{END}{after}")


if __name__ == "__main__":
    main()
