"""The demonstration of series: windows as samples, a forecast, and Keras' function beside ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

import samebytes as sb
from samebytes.demo.forecaster import (
    BATCH,
    EPOCHS,
    HORIZON,
    WINDOW,
    Series,
    forecast,
    read_series,
    scaled_windows,
)
from samebytes.demo.printer import StepPrinter
from samebytes.measure.rates import as_rates_text, rates_in_turn
from samebytes.measure.tensorflow_startup import hide_accelerators, import_quietly

__all__ = ["run_series"]

TIMES = 4
"""How often a series is timed in a row: one so short would time how an epoch begins."""
SHOWN_ROWS = 3


def run_series(console: Console) -> bool:
    """Tell and show the whole of it, and return whether the model was better and values equal.

    Parameters
    ----------
    console : rich.console.Console
        Where to.
    """
    series = read_series()
    hide_accelerators()
    tensorflow = import_quietly()
    printer = StepPrinter(console)
    _show_windows(printer, series)
    better = _show_forecast(printer, series)
    return _show_rates(tensorflow, printer, series) and better


def _show_windows(printer: StepPrinter, series: Series) -> None:
    printer.title("A real series, and its gaps")
    first, last = (np.datetime_as_string(series.times[row], unit="D") for row in (0, -1))
    printer.line(
        f"CO₂ at Mauna Loa, weekly, as shipped with statsmodels: {first} to {last}, "
        f"{len(series.values):,} weeks measured and {series.missing} missing"
    )
    runs = series.runs(slice(series.past))
    printer.code('runs = sb.borders_at_gaps(times, np.timedelta64(7, "D"))')
    begins = np.datetime_as_string(series.times[series.past], unit="D")
    printer.line(
        f"{len(runs) - 1} runs without a missing week before {begins}, where the test begins"
    )
    printer.title("Windows as samples")
    printer.code(
        f"ds = sb.Dataset.from_tensor_slices(co2).window({WINDOW}, horizon={HORIZON}, "
        "boundaries=runs)"
    )
    printer.code(
        f"ds = ds.shuffle(seed=0).map(scale, on=(0, 1)).batch({BATCH})   # nothing read yet"
    )
    dataset = scaled_windows(series)
    printer.line(str(dataset))
    years, quarters = next(iter(dataset))
    table = Table(title="the first rows the model is trained on")
    table.add_column(f"{WINDOW} weeks")
    table.add_column(f"the {HORIZON} weeks that followed")
    for year, quarter in zip(years[:SHOWN_ROWS], quarters[:SHOWN_ROWS], strict=True):
        table.add_row(_ends(year), _ends(quarter))
    printer.table(table)


def _show_forecast(printer: StepPrinter, series: Series) -> bool:
    """Train and forecast, and return whether that was better than the last value."""
    printer.title(f"A small Keras model forecasts {HORIZON} weeks")
    printer.code(f"model.fit(ds.to_tf(), epochs={EPOCHS}, shuffle=False)   # ds already shuffles")
    result = forecast(series)
    printer.line(
        f"loss {result.losses[0]:.3f} in the first epoch, {result.losses[-1]:.3f} in the last"
    )
    printer.line(f"mean absolute error of {result.windows} forecasts for years it has not seen:")
    printer.line(f"the model              {result.model:.3f} ppm")
    printer.line(f"the last value         {result.last_value:.3f} ppm")
    printer.line(f"as one year before     {result.year_ago:.3f} ppm")
    better = result.model < result.last_value
    printer.line(
        f"the model is {'better' if better else 'no better'} than the naive last-value forecast"
    )
    return better


def _show_rates(tensorflow: Any, printer: StepPrinter, series: Series) -> bool:
    """Time Keras' function beside ours of the same name, and return whether values are equal."""
    printer.title(
        "One changed import: timeseries_dataset_from_array from Keras, and from samebytes"
    )
    runs = series.runs()
    longest = int(np.argmax(np.diff(runs)))
    run = series.values[runs[longest] : runs[longest + 1]]
    values = np.tile(run, TIMES)
    printer.line(
        f"the longest run without a missing week ({len(run)} weeks), repeated {TIMES} times: "
        f"{len(values):,} weeks"
    )
    functions = (
        sb.timeseries_dataset_from_array,
        tensorflow.keras.utils.timeseries_dataset_from_array,
    )
    pairs = zip(*(_cut(function, values, shuffle=False) for function in functions), strict=True)
    equal = all(
        np.array_equal(mine, theirs)
        for ours, stock in pairs
        for mine, theirs in zip(ours, stock, strict=True)
    )
    printer.line(f"values equal: {equal}")
    timed = (_cut(function, values, shuffle=True) for function in functions)
    ours, stock = rates_in_turn(*timed)
    printer.line(f"shuffled: {as_rates_text('windows', ours, 'Keras', stock)}")
    return equal


def _cut(function: Callable[..., Any], values: npt.NDArray[np.float32], *, shuffle: bool) -> Any:
    targets = np.lib.stride_tricks.sliding_window_view(values, HORIZON)[WINDOW:]
    return function(values, targets, WINDOW, batch_size=BATCH, shuffle=shuffle, seed=0)


def _ends(values: npt.NDArray[np.float32]) -> str:
    """Return the first and last few numbers of a row."""
    first, last = (
        " ".join(f"{value:6.3f}" for value in part) for part in (values[:3], values[-3:])
    )
    return f"{first} … {last}"
