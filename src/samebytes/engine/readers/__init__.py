"""How source bytes come to be in memory before the pass reads them: one file a reader."""

from samebytes.engine.readers.registry import make_reader

__all__ = ["make_reader"]
