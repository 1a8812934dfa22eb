from collections import Counter
from math import log
from pydoc_data.topics import topics

import numpy as np

from samebytes.demo.language_model import CONTEXT, contexts, read_text, unigram_entropy


def test_the_parts_are_the_whole_text():
    training, held_out = read_text()
    assert training.tobytes() + held_out.tobytes() == "".join(topics.values()).encode()
    assert 0 < len(held_out) < len(training)


def test_entropy_is_the_mean_of_what_each_byte_tells():
    text = b"abracadabra"
    counts = Counter(text)
    expected = -sum(log(counts[byte] / len(text)) for byte in text) / len(text)
    assert np.isclose(unigram_entropy(np.frombuffer(text, np.uint8)), expected)


def test_contexts_are_pieces_of_the_text():
    training, _ = read_text()
    x, y = next(iter(contexts(training)))
    piece = np.append(x, y[-1]).astype(np.uint8).tobytes()
    assert len(piece) == CONTEXT + 1
    assert piece in training.tobytes()
    assert piece[1:] == y.astype(np.uint8).tobytes()
