"""Train a small Keras model to predict the next byte of text that ships with Python itself.

The text is what help() says about the language, pydoc_data.topics, so nothing is downloaded.
Install and run: pip install 'samebytes[tensorflow-cpu]' && python examples/bytes_of_the_library.py
"""

import time
from pydoc_data.topics import topics

import keras
import numpy as np

import samebytes as sb

CONTEXT, VOCABULARY, EPOCHS = 64, 256, 2

text = np.frombuffer("".join(topics.values()).encode(), np.uint8)
train, held_out = np.split(text, [len(text) * 9 // 10])

# Pieces of the text, and to each of their bytes the one that follows: x, and y one byte further.
contexts = sb.TokenDataset(train, CONTEXT, seed=0, out="int32")
test = sb.TokenDataset(held_out, CONTEXT, seed=0, out="int32")

keras.utils.set_random_seed(0)
causal = {"padding": "causal", "activation": "relu"}  # no byte is told what comes after it
model = keras.Sequential(
    [
        keras.layers.Embedding(VOCABULARY, 64),
        keras.layers.Conv1D(64, 3, dilation_rate=1, **causal),
        keras.layers.Conv1D(64, 3, dilation_rate=2, **causal),
        keras.layers.Conv1D(64, 3, dilation_rate=4, **causal),
        keras.layers.Dense(VOCABULARY),
    ]
)
model.compile(
    keras.optimizers.Adam(3e-3), keras.losses.SparseCategoricalCrossentropy(from_logits=True)
)

start = time.perf_counter()
model.fit(contexts.batch(64).to_tf(), epochs=EPOCHS, shuffle=False, verbose=0)
seconds = time.perf_counter() - start
loss = model.evaluate(test.batch(64).to_tf(), verbose=0)

# The least that anyone can reach who knows how often each byte comes, and not what came before.
shares = np.bincount(held_out) / len(held_out)
shares = shares[shares > 0]
entropy = float(-(shares * np.log(shares)).sum())

tokens = EPOCHS * len(contexts) * CONTEXT
print(f"{len(text):,} bytes, the last {len(held_out):,} of them held out")
print(f"trained on {tokens:,} tokens, {tokens / seconds:,.0f} a second")
print("on the text held out, nats a byte")
print(f"  unigram entropy   {entropy:.3f}")
print(f"  loss of the model {loss:.3f}")
print(f"the loss is {'below' if loss < entropy else 'not below'} the unigram entropy")
