"""A small Keras model learns to predict the next byte of text that ships with Python."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.measure.tensorflow_startup import import_quietly

__all__ = [
    "BATCH",
    "CONTEXT",
    "EPOCHS",
    "Learned",
    "Text",
    "contexts",
    "learn",
    "read_text",
    "unigram_entropy",
]

CONTEXT, BATCH, EPOCHS = 64, 64, 2
VOCABULARY = 256
HELD_OUT_SHARE = 0.1

Text = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class Learned:
    """What the training showed.

    Attributes
    ----------
    losses : tuple of float
        On the text held out, in nats a byte, after each epoch.
    tokens_a_second : float
        That the last epoch trained on.
    """

    losses: tuple[float, ...]
    tokens_a_second: float


def read_text() -> tuple[Text, Text]:
    """Return what ``help()`` says about Python, as bytes: a part to train on, and one held out."""
    from pydoc_data.topics import topics

    text = np.frombuffer("".join(topics.values()).encode(), np.uint8)
    cut = len(text) - int(len(text) * HELD_OUT_SHARE)
    return text[:cut], text[cut:]


def unigram_entropy(text: Text) -> float:
    """Give, in nats a byte, the least loss of one who knows how often each byte comes, no more.

    Examples
    --------
    >>> import numpy as np
    >>> round(unigram_entropy(np.frombuffer(b"abab", np.uint8)), 3)
    0.693
    """
    shares = np.bincount(text) / len(text)
    shares = shares[shares > 0]
    return float(-(shares * np.log(shares)).sum())


def contexts(text: Text) -> sb.Dataset:
    """Return pieces of a text, and to each of their bytes the one that follows."""
    dataset: sb.Dataset = sb.TokenDataset(text, CONTEXT, seed=0, out="int32")
    return dataset


def learn(training: Text, held_out: Text) -> Learned:
    """Train on `training`, and return what was lost on `held_out` after each epoch."""
    model = _model(import_quietly())
    dataset = contexts(training)
    batches, unseen = dataset.batch(BATCH).to_tf(), contexts(held_out).batch(BATCH).to_tf()
    losses = []
    for _ in range(EPOCHS):
        start = time.perf_counter()
        model.fit(batches, shuffle=False, verbose=0)
        seconds = time.perf_counter() - start
        losses.append(float(model.evaluate(unseen, verbose=0)))
    return Learned(tuple(losses), len(dataset) * CONTEXT / seconds)


def _model(tensorflow: Any) -> Any:
    """Return a model that knows nothing of what comes after a byte: it convolves causally."""
    layers = tensorflow.keras.layers
    tensorflow.keras.utils.set_random_seed(0)
    causal = {"padding": "causal", "activation": "relu"}
    model = tensorflow.keras.Sequential(
        [
            layers.Embedding(VOCABULARY, 64),
            *(layers.Conv1D(64, 3, dilation_rate=apart, **causal) for apart in (1, 2, 4)),
            layers.Dense(VOCABULARY),
        ]
    )
    loss = tensorflow.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(tensorflow.keras.optimizers.Adam(3e-3), loss)
    return model
