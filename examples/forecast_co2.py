"""Forecast a quarter of weekly CO₂ with a small Keras model, beside two simple forecasts.

The measurements of Mauna Loa, 1958 to 2001, ship with statsmodels, so nothing is downloaded.
Install and run: pip install 'samebytes[demo,tensorflow-cpu]' && python examples/forecast_co2.py
"""

import keras
import numpy as np
from statsmodels.datasets import co2

import samebytes as sb

WINDOW, HORIZON = 53, 13  # weeks: from one week to the same a year later, and a quarter
TEST_BEGINS = np.datetime64("1992-01-01")

# Weeks without a measurement are left out, and no window crosses a place where one is missing.
weekly = co2.load().data["co2"].dropna()
times, values = weekly.index.to_numpy(), weekly.to_numpy("float32")


def windows(weeks: slice) -> sb.Dataset:
    """Return each year of `weeks` with the quarter that followed it."""
    runs = sb.borders_at_gaps(times[weeks], longest=np.timedelta64(7, "D"))
    return sb.Dataset.from_tensor_slices(values[weeks]).window(
        WINDOW, horizon=HORIZON, boundaries=runs
    )


# The model learns from the past alone: its windows, and the mean and variance that scale them.
first = int(np.searchsorted(times, TEST_BEGINS))
mean, variance = values[:first].mean(), values[:first].var()
scale = sb.Normalization(mean, variance, on=(0, 1))
train = windows(slice(first)).shuffle(seed=0).map(scale).batch(64)
test = windows(slice(first - WINDOW, None))  # whose first target is the first week of the test

# The model says how far each week will be from the last one it sees.
keras.utils.set_random_seed(0)
year = keras.Input((WINDOW,))
last = year[:, -1:]
hidden = keras.layers.Dense(32, activation="relu")(year - last)
model = keras.Model(year, last + keras.layers.Dense(HORIZON)(hidden))
model.compile(keras.optimizers.Adam(3e-3), "mean_absolute_error")
model.fit(train.to_tf(), epochs=20, shuffle=False, verbose=0)

years, truth = next(iter(test.batch(len(test))))
scaled = model.predict(test.map(scale).batch(64).to_tf(), verbose=0)
forecasts = {
    "the model": scaled * np.sqrt(variance) + mean,
    "the last value": years[:, -1:],
    "as one year before": years[:, -1:] + years[:, 1 : 1 + HORIZON] - years[:, :1],
}
errors = {name: float(np.abs(forecast - truth).mean()) for name, forecast in forecasts.items()}

print(f"{len(test)} forecasts of {HORIZON} weeks, from {weekly.index[first]:%Y-%m-%d} on")
print("mean absolute error")
for name, error in errors.items():
    print(f"  {name:22} {error:.3f} ppm")
better = errors["the model"] < errors["the last value"]
print(f"the model is {'better' if better else 'no better'} than the naive last-value forecast")
