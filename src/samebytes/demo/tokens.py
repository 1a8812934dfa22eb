"""The demonstration of tokens: text from Python's own library, and a model that learns it."""

from __future__ import annotations

import numpy as np
from rich.console import Console

from samebytes.demo.language_model import (
    BATCH,
    CONTEXT,
    EPOCHS,
    Text,
    contexts,
    learn,
    read_text,
    unigram_entropy,
)
from samebytes.demo.printer import StepPrinter
from samebytes.measure.rates import rates_in_turn
from samebytes.measure.tensorflow_startup import hide_accelerators, import_quietly
from samebytes.share.layout import as_bytes_text

__all__ = ["run_tokens"]


def run_tokens(console: Console) -> bool:
    """Tell and show the whole of it, and return whether the model learned more than frequencies.

    Parameters
    ----------
    console : rich.console.Console
        Where to.
    """
    training, held_out = read_text()
    hide_accelerators()
    import_quietly()
    printer = StepPrinter(console)
    _show_contexts(printer, training, held_out)
    return _show_learning(printer, training, held_out)


def _show_contexts(printer: StepPrinter, training: Text, held_out: Text) -> None:
    printer.title("Text that ships with Python")
    printer.line(
        f"what help() says about the language, pydoc_data.topics: {as_bytes_text(len(training))} "
        f"to train on, {as_bytes_text(len(held_out))} held out; a token is a byte"
    )
    printer.code(f'ds = sb.TokenDataset(text, {CONTEXT}, seed=0, out="int32").batch({BATCH})')
    dataset = contexts(training).batch(BATCH)
    printer.line(str(dataset))
    x, y = next(iter(dataset))
    for name, tokens in (("x", x[0]), ("y", y[0])):
        printer.line(f"{name}[0] = {tokens.astype(np.uint8).tobytes()!r}")


def _show_learning(printer: StepPrinter, training: Text, held_out: Text) -> bool:
    """Train, and return whether the loss came below the unigram entropy."""
    printer.title("A small Keras model learns to predict the next byte")
    printer.code(f"model.fit(ds.to_tf(), epochs={EPOCHS}, shuffle=False)   # ds already shuffles")
    learned, entropy = learn(training, held_out), unigram_entropy(held_out)
    (samples,) = rates_in_turn(contexts(training).batch(BATCH).to_tf())
    trained, alone = learned.tokens_a_second, samples * CONTEXT
    printer.line(
        f"trained on {trained:,.0f} tokens a second; the input alone gives {alone:,.0f}, "
        f"{alone / trained:,.0f} times as many"
    )
    losses = ", then ".join(f"{loss:.3f}" for loss in learned.losses)
    printer.line("on the held-out text, in nats per byte:")
    printer.line(f"unigram entropy    {entropy:.3f}   (the least that byte counts alone can reach)")
    printer.line(f"loss of the model  {losses}")
    below = learned.losses[-1] < entropy
    printer.line(f"the loss is {'below' if below else 'not below'} the unigram entropy")
    return below
