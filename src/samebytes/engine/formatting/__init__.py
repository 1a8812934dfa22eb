"""Arrays as a framework's tensors: a file a framework, one line each in the registry.

To add one, write a `Formatter` in a file of its own and `register` it; the built-in ones stand in
``registry.py``. ``Dataset.with_format(name)`` then knows it.
"""

from samebytes.engine.formatting.formatter import Formatter
from samebytes.engine.formatting.registry import check_format, formatter_of, register

__all__ = ["Formatter", "check_format", "formatter_of", "register"]
