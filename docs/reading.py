"""Lets the API reference, which is read from the source without running it, see what it would miss.

`SavePosition` derives from a class of Keras', `ZeroCopyDataset` from one of TensorFlow's, so each
stands inside of a function, to be made once the framework is there. They are handed over as if they
stood in the module. A folder of modules is a package here also without an ``__init__.py``. And what
docstrings and Markdown write differently is written as Markdown wants it.
"""

from __future__ import annotations

import ast
import re
from typing import Any

from griffe import Extension, Module

MAKERS = {"_save_position": "SavePosition", "_zero_copy_dataset": "ZeroCopyDataset"}


class Reading(Extension):
    """Shows what `MAKERS` make, and packages that have no file of their own."""

    def on_function_node(self, *, node: Any, agent: Any, **_: Any) -> None:
        """Visit the class inside of a maker, in the place of the function."""
        for part in node.body:
            if isinstance(part, ast.ClassDef) and part.name == MAKERS.get(node.name):
                agent.visit(part)

    def on_instance(self, *, obj: Any, **_: Any) -> None:
        """Write a docstring as Markdown wants it."""
        if obj.docstring is None:
            return
        text = re.sub(r"::$", ":", obj.docstring.value, flags=re.MULTILINE)
        text = re.sub(r"\b(dtype|array)-like\b", r"\1 like", text)  # or it is read as a subtraction
        if re.search(r"^- ", text, re.MULTILINE):
            text = re.sub(r"^(?=  )", "  ", text, flags=re.MULTILINE)  # lists are indented by 4
        obj.docstring.value = text

    def on_module_members(self, *, mod: Any, agent: Any, **_: Any) -> None:
        """Make a package of each folder of modules below the package at the top."""
        if mod.parent is not None:
            return
        for folder in sorted({path.parent for path in mod.filepath.parent.glob("*/*.py")}):
            if not (folder / "__init__.py").exists():
                made = Module(
                    folder.name,
                    filepath=[folder],
                    lines_collection=agent.lines_collection,
                    modules_collection=agent.modules_collection,
                )
                mod.set_member(folder.name, made)
