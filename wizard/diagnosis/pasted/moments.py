"""Dates as commands print them, with every meaning that they may have."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YEARS = range(1990, 2200)
"""Others are of another calendar, such as the Buddhist or the Persian one."""

_GMT = re.compile(r"([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d)(?:\.\d{1,9})? (\d{4}) GMT")
_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)(?:Z|\+00:00)?\b")
_NUMBERS = re.compile(r"(\d{1,4})[./-] ?(\d{1,2})[./-] ?(\d{1,4})\.?")

_ZONES = timedelta(hours=14)
"""Windows shows local time, and no zone is further from UTC than this."""


def moments(text: str) -> tuple[datetime, ...]:
    """Returns the moments that a date may stand for, aware and in UTC; () where it cannot be read.

    OpenSSL's `Oct 22 06:59:44 2026 GMT` and nmap's ISO form (UTC) are exact. Of a date with numbers in the form
    of some country, neither the order of day and month nor the time zone is known, so all of them come back.
    """
    if found := _GMT.search(text):
        month, day, hour, minute, second, year = found.groups()
        if month.lower() not in _MONTHS:
            return ()
        number = _MONTHS.index(month.lower()) + 1
        return _made(int(year), number, int(day), int(hour), int(minute), int(second))
    if found := _ISO.search(text):
        year, number, day, hour, minute, second = (int(part) for part in found.groups())
        return _made(year, number, day, hour, minute, second)
    if (found := _NUMBERS.search(text)) is None:
        return ()
    one, two, three = (int(part) for part in found.groups())
    orders = ((one, two, three),) if one > 31 else ((three, one, two), (three, two, one))
    days = {day for order in orders for day in _made(*order)}
    return tuple(
        sorted({moment for day in days for moment in (day - _ZONES, day + timedelta(days=1) + _ZONES)})
    )


def _made(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> tuple[datetime, ...]:
    if year not in _YEARS:
        return ()
    try:
        return (datetime(year, month, day, hour, minute, second, tzinfo=UTC),)
    except ValueError:
        return ()
