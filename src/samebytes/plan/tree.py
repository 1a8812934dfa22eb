"""Nested tuples, dicts and named tuples of components, taken apart and put together again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

if TYPE_CHECKING:
    import optree

__all__ = ["Nested", "Structure", "component_name", "flatten"]

T = TypeVar("T")
Nested: TypeAlias = T | tuple["Nested[T]", ...] | dict[Any, "Nested[T]"]
"""A component, or tuples, named tuples and dicts of them."""


def component_name(nested: Any, path: tuple[Any, ...]) -> str:
    """Return a component's name from its path: keys, fields and places, joined by dots.

    Examples
    --------
    >>> component_name(({"image": 7, "mask": 8}, 9), (0, "mask")), component_name(7, ())
    ('0.mask', '0')
    """
    parts = []
    for part in path:
        fields = getattr(nested, "_fields", None) if isinstance(nested, tuple) else None
        parts.append(str(fields[part] if fields else part))
        nested = nested[part] if isinstance(nested, dict | tuple) else None
    return ".".join(parts) if parts else "0"


@dataclass(frozen=True)
class Structure:
    """How components nest, and what each is called.

    Attributes
    ----------
    names : tuple of str
        In the order of the leaves: dict keys sorted, as tf.data and Keras order them.
    treespec : optree.PyTreeSpec
        The nesting itself.
    """

    names: tuple[str, ...]
    treespec: optree.PyTreeSpec

    def rebuild(self, leaves: Sequence[T]) -> Nested[T]:
        """Return `leaves` in the nesting that was taken apart."""
        return cast("Nested[T]", self.treespec.unflatten(leaves))  # optree knows more kinds


def flatten(
    nested: Any, is_leaf: Callable[[Any], bool] | None = None
) -> tuple[list[Any], Structure]:
    """Return the leaves of `nested` in order, and the structure that puts them together again.

    Lists are leaves, as in tf.data: a list is data, a tuple is structure.

    Examples
    --------
    >>> leaves, structure = flatten({"y": 2, "x": (0, 1)})
    >>> leaves, structure.names
    ([0, 1, 2], ('x.0', 'x.1', 'y'))
    >>> structure.rebuild(["a", "b", "c"]) == {"x": ("a", "b"), "y": "c"}
    True
    """

    def leaf(node: Any) -> bool:
        return isinstance(node, list) or (is_leaf is not None and is_leaf(node))

    import optree  # on first use: importing samebytes stays light

    paths, leaves, treespec = optree.tree_flatten_with_path(nested, is_leaf=leaf, none_is_leaf=True)
    return list(leaves), Structure(tuple(component_name(nested, path) for path in paths), treespec)
