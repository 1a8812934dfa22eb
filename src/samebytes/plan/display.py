"""How a dataset shows itself: in one line, as a table in a terminal, as one in a notebook."""

from __future__ import annotations

from typing import Any

from samebytes.plan.recipe import Recipe

__all__ = ["DisplayMixin"]


class DisplayMixin:
    """What `Dataset` shows of itself, for it to inherit; nothing is read for it.

    ``self`` is a `Dataset`, which lies above this file.
    """

    def __str__(self: Any) -> str:
        """Return the plan as a table."""
        from samebytes.plan.describe import describe

        return describe(self.plan, self.options)

    def __repr__(self: Any) -> str:
        """Return the number of elements and the names of the components."""
        return f"<samebytes.Dataset: {_headline(self)}>"

    def _repr_html_(self: Any) -> str:
        """Show the plan as a table in a notebook."""
        from samebytes.plan.describe import plan_rows
        from samebytes.share.notebook import card

        return card("dataset", f"Dataset: {_headline(self)}", plan_rows(self.plan, self.options))


def _headline(dataset: Recipe) -> str:
    count = "endless" if dataset.length is None else f"{dataset.length:,}"
    kind = "samples" if dataset.batch_size is None else f"batches of {dataset.batch_size}"
    return f"{count} {kind}: {', '.join(dataset.structure.names)}"
