"""Figures of a benchmark in words, with the digits that mean something."""

from __future__ import annotations

__all__ = ["duration_text", "number_text", "percent_text", "ratio_text", "spread_text"]


def number_text(value: float) -> str:
    """Return a positive number with three digits or more, in millions from one million on.

    Examples
    --------
    >>> number_text(12345.6), number_text(12.34), number_text(0.1234), number_text(0)
    ('12,346', '12.3', '0.123', '0')
    >>> number_text(1_652_743), number_text(473_375_134), number_text(0.0010648)
    ('1.65 million', '473 million', '0.00106')
    """
    if value >= 999_999.5:
        return f"{number_text(value / 1e6)} million"
    if value < 1:
        return f"{value:.3g}"
    digits = 0 if value >= 100 else 1 if value >= 10 else 2
    return f"{value:,.{digits}f}"


def spread_text(values: tuple[float, ...]) -> str:
    """Return the least and the most of `values`.

    Examples
    --------
    >>> spread_text((3.0, 1.0, 2.0))
    '1.00 to 3.00'
    """
    return f"{number_text(min(values))} to {number_text(max(values))}"


def ratio_text(ratio: float) -> str:
    """Return how many times as much.

    Examples
    --------
    >>> ratio_text(0.4217), ratio_text(12.3)
    ('0.42x', '12.3x')
    """
    return f"{ratio:.1f}x" if ratio >= 10 else f"{ratio:.2f}x"


def percent_text(share: float) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent_text(0.8149), percent_text(0.0042)
    ('81 %', '0.4 %')
    """
    return f"{100 * share:.1f} %" if share < 0.0995 else f"{100 * share:.0f} %"


def duration_text(seconds: float) -> str:
    """Return how long a whole run took.

    Examples
    --------
    >>> duration_text(42.4), duration_text(754)
    ('42 s', '12 min 34 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 120 else f"{whole // 60} min {whole % 60} s"
