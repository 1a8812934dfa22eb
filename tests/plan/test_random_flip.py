import keras
import numpy as np
import pytest
from running import assert_same_bytes, chain, made, pixels

import samebytes as sb

IMAGES = pixels(200, 4, 5, 3)
TURNS = {
    (False, False): lambda x: x,
    (True, False): lambda x: x[::-1],
    (False, True): lambda x: x[:, ::-1],
    (True, True): lambda x: x[::-1, ::-1],
}


def turns(found, images):
    """How each image was turned: (up and down, left and right)."""
    return [
        next(name for name, turn in TURNS.items() if (turn(image) == one).all())
        for image, one in zip(images, found, strict=True)
    ]


@pytest.mark.parametrize(
    ("mode", "possible"),
    [("horizontal", 2), ("vertical", 2), ("horizontal_and_vertical", 4)],
)
def test_every_value_is_one_of_the_possible_outcomes(mode, possible):
    found = made(chain(IMAGES, sb.RandomFlip(mode)))
    assert found.dtype == np.uint8  # deliberately: Keras gives float32
    counts = {}
    for turn in turns(found, IMAGES):
        counts[turn] = counts.get(turn, 0) + 1
    assert len(counts) == possible
    assert min(counts.values()) > 200 / possible * 0.6
    if mode == "horizontal":
        assert (True, False) not in counts


def test_each_direction_has_a_coin_where_keras_has_one_for_both():
    keras_turns = turns(np.asarray(keras.layers.RandomFlip(seed=1)(IMAGES)), IMAGES)
    assert set(keras_turns) == {(False, False), (True, True)}
    assert set(turns(made(chain(IMAGES, sb.RandomFlip())), IMAGES)) == set(TURNS)


def test_one_direction_is_possible_as_keras_does_it():
    for mode in ("horizontal", "vertical"):
        keras_turns = turns(np.asarray(keras.layers.RandomFlip(mode, seed=1)(IMAGES)), IMAGES)
        assert set(keras_turns) == set(turns(made(chain(IMAGES, sb.RandomFlip(mode))), IMAGES))


def test_several_components_share_one_draw_and_labels_are_untouched():
    source = {"image": IMAGES, "mask": IMAGES[..., :1].astype("f4"), "label": np.arange(200)}
    found = made(chain(source, sb.RandomFlip(on=("image", "mask"))))
    assert_same_bytes(found["mask"], found["image"][..., :1].astype("f4"))
    assert_same_bytes(found["label"], source["label"])


def test_two_flips_are_two_draws():
    once, twice = chain(IMAGES, sb.RandomFlip()), chain(IMAGES, sb.RandomFlip(), sb.RandomFlip())
    assert_same_bytes(made(twice), twice.reference(range(200)))
    assert (made(once) != made(twice)).any()


def test_spec():
    spec = chain(IMAGES, sb.RandomFlip()).element_spec
    assert (spec.shape, spec.dtype) == ((4, 5, 3), np.uint8)


def test_what_is_no_mode_is_refused():
    with pytest.raises(ValueError, match=r"^RandomFlip\('sideways'\): expected one of"):
        sb.RandomFlip("sideways")
    with pytest.raises(ValueError, match=r"^RandomFlip needs samples with the axes height, width"):
        chain(np.arange(5), sb.RandomFlip())
