"""A small Keras model forecasts a real series: the weekly CO₂ that ships inside statsmodels."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import samebytes as sb
from samebytes.errors import MissingPackage
from samebytes.measure.tensorflow_startup import import_quietly

__all__ = [
    "BATCH",
    "EPOCHS",
    "HORIZON",
    "WINDOW",
    "Forecast",
    "Series",
    "forecast",
    "read_series",
    "scaled_windows",
    "scaling",
    "windows",
]

WINDOW, HORIZON = 53, 13
"""Weeks: from one to the same a year later, and a quarter."""
BATCH, EPOCHS = 64, 20
TEST_BEGINS = np.datetime64("1992-01-01")
WEEK = np.timedelta64(7, "D")


@dataclass(frozen=True)
class Series:
    """What was measured, and when.

    Attributes
    ----------
    times : ndarray of datetime64, shape (weeks,)
        The weeks that were measured.
    values : ndarray of float32, shape (weeks,)
        Parts of CO₂ in a million.
    missing : int
        Weeks in between that were not.
    """

    times: npt.NDArray[np.datetime64]
    values: npt.NDArray[np.float32]
    missing: int

    @property
    def past(self) -> int:
        """The number of weeks before the test begins."""
        return int(np.searchsorted(self.times, TEST_BEGINS))

    def runs(self, weeks: slice = slice(None)) -> npt.NDArray[np.int64]:
        """Return the rows of `weeks` at which a run without a missing week begins, and the end."""
        borders: npt.NDArray[np.int64] = sb.borders_at_gaps(self.times[weeks], WEEK)
        return borders


@dataclass(frozen=True)
class Forecast:
    """What the training showed.

    Attributes
    ----------
    losses : tuple of float
        One an epoch, of scaled values.
    windows : int
        Forecasts in the years of the test.
    model, last_value, year_ago : float
        Mean absolute errors over them: the model's; that of saying the last value again; that
        of saying that it will go on as it went on a year ago.
    """

    losses: tuple[float, ...]
    windows: int
    model: float
    last_value: float
    year_ago: float


def read_series() -> Series:
    """Return the weekly CO₂ of Mauna Loa, read from where statsmodels is installed.

    Raises
    ------
    MissingPackage
        If statsmodels is not installed.
    """
    if importlib.util.find_spec("statsmodels") is None:
        message = "the series ships with statsmodels; install it: pip install 'samebytes[demo]'"
        raise MissingPackage(message)
    from statsmodels.datasets import co2

    weekly = co2.load().data["co2"]
    measured = weekly.dropna()
    missing = len(weekly) - len(measured)
    return Series(measured.index.to_numpy(), measured.to_numpy("float32"), missing)


def windows(series: Series, weeks: slice) -> sb.Dataset:
    """Return each year of `weeks` and the quarter that followed it, none across a missing week."""
    rows = sb.Dataset.from_tensor_slices(series.values[weeks])
    return rows.window(WINDOW, horizon=HORIZON, boundaries=series.runs(weeks))


def scaling(series: Series) -> sb.Normalization:
    """Return the scaling by the past alone: what the test knows must not reach the model."""
    return sb.Normalization.adapt(series.values[: series.past])


def scaled_windows(series: Series) -> sb.Dataset:
    """Return the past's windows, scaled and shuffled, in batches; nothing is read yet."""
    scale = scaling(series)
    past = windows(series, slice(series.past)).shuffle(seed=0)
    return past.map(scale, on=(0, 1)).batch(BATCH)


def forecast(series: Series) -> Forecast:
    """Train on the past and forecast the years of the test, beside what needs no training."""
    model = _model(import_quietly())
    training = scaled_windows(series).to_tf()
    history = model.fit(training, epochs=EPOCHS, shuffle=False, verbose=0).history
    # The test's first window ends where the past does; its targets all lie in the test.
    test = windows(series, slice(series.past - WINDOW, None))
    years, truth = next(iter(test.batch(len(test))))
    scale = scaling(series)
    scaled = model.predict(test.map(scale, on=(0, 1)).batch(BATCH).to_tf(), verbose=0)
    last = years[:, -1:]
    guesses = (
        scaled * np.sqrt(scale.variance) + scale.mean,
        last,
        last + years[:, 1 : 1 + HORIZON] - years[:, :1],
    )
    errors = (float(np.abs(guess - truth).mean()) for guess in guesses)
    return Forecast(tuple(history["loss"]), len(test), *errors)


def _model(tensorflow: Any) -> Any:
    """Return a model that says how far each week will be from the last one it sees."""
    keras = tensorflow.keras
    keras.utils.set_random_seed(0)
    year = keras.Input((WINDOW,))
    last = year[:, -1:]
    hidden = keras.layers.Dense(32, activation="relu")(year - last)
    model = keras.Model(year, last + keras.layers.Dense(HORIZON)(hidden))
    model.compile(keras.optimizers.Adam(3e-3), "mean_absolute_error")
    return model
