"""Placing wrappers around functions of modules, loaded or not yet, and taking them away again."""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

__all__ = ["Hook", "Hooks", "Live"]


class Live:
    """Whether wrappers are to do anything; one that was left behind passes through for good."""

    __slots__ = ("on",)

    def __init__(self) -> None:
        self.on = True


@dataclass(frozen=True)
class Hook:
    """A function to wrap.

    Attributes
    ----------
    module : str
        Full name of the module that holds it. A module that is not loaded yet is waited for:
        the audited code decides when, and with which environment, TensorFlow is imported.
    path : str
        Its name inside, with dots: ``Class.method``.
    wrap : callable
        Given the function and whether to do anything, gives the one to call instead.
    """

    module: str
    path: str
    wrap: Callable[[Callable[..., Any], Live], Callable[..., Any]]


@dataclass(frozen=True)
class _Installed:
    owner: Any
    name: str
    before: Any
    after: Any


class Hooks:
    """All wrappers, placed and taken away together.

    Not thread-safe: whoever calls it holds a lock.
    """

    def __init__(self, hooks: Sequence[Hook]) -> None:
        self._hooks = tuple(hooks)
        self._installed: list[_Installed] = []
        self._live = Live()
        self._waiting = _Waiting(self._install_in)

    def install(self) -> None:
        """Wrap everything that is loaded, and the rest once it is."""
        self._live = Live()
        for name in dict.fromkeys(hook.module for hook in self._hooks):
            module = sys.modules.get(name)
            if module is None:
                self._waiting.names.add(name)
            else:
                self._install_in(module)
        sys.meta_path.insert(0, self._waiting)

    def remove(self) -> None:
        """Put everything back, except what someone else has wrapped in the meantime.

        A wrapper inside another's stays there, and passes through for good.
        """
        if self._waiting in sys.meta_path:
            sys.meta_path.remove(self._waiting)
        self._waiting.names.clear()
        self._live.on = False
        for installed in reversed(self._installed):
            if vars(installed.owner).get(installed.name) is installed.after:
                setattr(installed.owner, installed.name, installed.before)
        self._installed.clear()

    def _install_in(self, module: ModuleType) -> None:
        for hook in self._hooks:
            if hook.module != module.__name__:
                continue
            *parents, name = hook.path.split(".")
            owner: Any = module
            for parent in parents:
                owner = getattr(owner, parent)
            before = vars(owner)[name]
            if isinstance(before, staticmethod | classmethod):
                after: Any = type(before)(hook.wrap(before.__func__, self._live))
            else:
                after = hook.wrap(before, self._live)
            setattr(owner, name, after)
            self._installed.append(_Installed(owner, name, before, after))


class _Waiting:
    """A finder that finds nothing itself, and acts after a module it waits for was executed."""

    def __init__(self, act: Callable[[ModuleType], None]) -> None:
        self.names: set[str] = set()
        self._act = act

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Return the spec that the other finders find, its loader told to call back."""
        if name not in self.names:
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                self._call_back_after(spec)
                return spec
        return None

    def _call_back_after(self, spec: importlib.machinery.ModuleSpec) -> None:
        loader: Any = spec.loader
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            # Put back first: an audit that is over leaves nothing of itself in a loader.
            del loader.exec_module
            execute(module)
            if module.__name__ in self.names:
                self.names.discard(module.__name__)
                self._act(module)

        # On the instance, which each spec has of its own: the module's loader stays what it is.
        loader.exec_module = exec_module
