"""How source bytes come to be in memory before the pass reads them: one file a reader.

Which of them is chosen, and why, is in `samebytes.plan.reader_choice`.
"""

from samebytes.engine.readers.registry import make_reader

__all__ = ["make_reader"]
