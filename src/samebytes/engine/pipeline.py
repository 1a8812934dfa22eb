"""A plan and how to run it: what an iterator and a feed are given."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from samebytes.engine.executor import Executor, compile_plan
from samebytes.plan.options import Options
from samebytes.plan.plan import Plan

__all__ = ["Pipeline"]


@dataclass(frozen=True, eq=False)
class Pipeline:
    """A plan, the options it runs with, and what is worked out of both once for all epochs.

    Attributes
    ----------
    plan : Plan
        What to make.
    options : Options
        How: threads, prefetch, format. No result depends on them.
    """

    plan: Plan
    options: Options

    def with_options(self, **changes: Any) -> Pipeline:
        """Return the same plan run with other options."""
        return Pipeline(self.plan, replace(self.options, **changes))

    @cached_property
    def executor(self) -> Executor:
        """What makes the batches of any epoch."""
        return compile_plan(self.plan, self.options)
