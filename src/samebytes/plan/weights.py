"""The weights of a batch that was filled up: 1 for each sample, 0 for what only pads.

They come behind everything else of an element, where frameworks look for them::

    (x, y)             ->  (x, y, weights)       Keras' third, its sample_weight
    {"x": x, "y": y}   ->  {"x": x, "y": y, "weights": weights}
    x                  ->  (x, weights)
"""

from __future__ import annotations

from typing import Any

__all__ = ["WEIGHTS", "with_weights"]

WEIGHTS = "weights"
"""What they are called in a dict."""


def with_weights(element: Any, weights: Any) -> Any:
    """Return an element with its weights behind it; never copies.

    Raises
    ------
    ValueError
        If it is a dict that has something of that name.

    Examples
    --------
    >>> with_weights(("x", "y"), "w"), with_weights("x", "w")
    (('x', 'y', 'w'), ('x', 'w'))
    """
    if isinstance(element, dict):
        if WEIGHTS in element:
            message = (
                f"elements already have a component {WEIGHTS!r}, which distribute(remainder='pad') "
                "would add; give yours another name, or leave an incomplete last batch out: "
                "remainder='drop'"
            )
            raise ValueError(message)
        return {**element, WEIGHTS: weights}
    if isinstance(element, tuple) and not hasattr(element, "_fields"):
        return (*element, weights)
    return element, weights
