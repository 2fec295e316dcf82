"""The period that a question names, in the hub's zone: `last night`, `since Monday`, `the last 3 days`."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final

_DAY: Final = timedelta(days=1)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS: Final = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NUMBERS: Final = {
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "ten": 10,
    "few": 3,
}
_UNITS: Final = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": _DAY,
    "night": _DAY,
    "week": 7 * _DAY,
    "month": 30 * _DAY,
}
_NUMBER: Final = rf"(\d{{1,3}}|{'|'.join(_NUMBERS)})"
_WEEKDAY: Final = rf"({'|'.join(_WEEKDAYS)})"
_MONTH: Final = rf"({'|'.join(_MONTHS)})"


@dataclass(frozen=True, slots=True)
class Period:
    """`from_at` to `to_at`, UTC, and how a person calls it."""

    from_at: datetime
    to_at: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Calendar:
    """The hub's clock and zone, from which all periods are counted."""

    now: datetime
    zone: tzinfo

    @property
    def today(self) -> date:
        """The date in the zone."""
        return self.now.astimezone(self.zone).date()

    def between(self, name: str, start: date, stop: date, hours: tuple[int, int] = (0, 0)) -> Period:
        """From a day and hour to another, never beyond now."""
        first, last = (
            datetime.combine(day, time(hour), self.zone).astimezone(UTC)
            for day, hour in zip((start, stop), hours, strict=True)
        )
        return Period(first, max(first, min(last, self.now)), name)

    def last(self, name: str, length: timedelta) -> Period:
        """The time before now."""
        return Period(self.now - length, self.now, name)


def names_period(line: str) -> bool:
    """Whether a question names a time."""
    return any(re.search(pattern, line.lower()) for pattern, _ in _TABLE)


def period_of(line: str, calendar: Calendar) -> Period | None:
    """The period that a question names, or `None`."""
    return next(iter(periods_in(line, calendar)), None)


def periods_in(line: str, calendar: Calendar) -> list[Period]:
    """All periods that a question names; a date that does not exist is none."""
    periods, rest = [], line.lower()
    for pattern, make in _TABLE:
        for found in re.finditer(pattern, rest):
            try:
                periods.append(make(found, calendar))
            except (ValueError, OverflowError):
                continue
        rest = re.sub(pattern, " ", rest)
    return periods


def before(period: Period, calendar: Calendar) -> Period:
    """The period of the same length that ends where this one begins, by the clock on the wall."""
    start, stop = (at.astimezone(calendar.zone).replace(tzinfo=None) for at in (period.from_at, period.to_at))
    whole = max(stop - start, timedelta(minutes=1))
    days = -(-whole // _DAY) * _DAY if whole > _DAY / 2 else whole
    earlier = [(at - days).replace(tzinfo=calendar.zone).astimezone(UTC) for at in (start, stop)]
    return Period(earlier[0], earlier[1], f"the same time {_length(days)} before")


def _length(length: timedelta) -> str:
    return (
        f"{length.days} days"
        if length.days > 1
        else "1 day"
        if length.days
        else f"{length.seconds // 60} min"
    )


def _last_units(found: re.Match[str], calendar: Calendar) -> Period:
    number = _NUMBERS.get(found[1]) or int(found[1])
    return calendar.last(f"the last {number} {found[2]}s", number * _UNITS[found[2]])


def _today(_: re.Match[str], calendar: Calendar) -> Period:
    return calendar.between("today", calendar.today, calendar.today + _DAY)


def _yesterday(_: re.Match[str], calendar: Calendar) -> Period:
    return calendar.between("yesterday", calendar.today - _DAY, calendar.today)


def _part_of_yesterday(found: re.Match[str], calendar: Calendar) -> Period:
    yesterday = calendar.today - _DAY
    return calendar.between(f"yesterday {found[1]}", yesterday, yesterday, _PARTS[found[1]])


def _part_of_today(found: re.Match[str], calendar: Calendar) -> Period:
    return calendar.between(f"this {found[1]}", calendar.today, calendar.today, _PARTS[found[1]])


def _last_night(_: re.Match[str], calendar: Calendar) -> Period:
    return calendar.between("last night (22:00 to 8:00)", calendar.today - _DAY, calendar.today, (22, 8))


def _this_week(_: re.Match[str], calendar: Calendar) -> Period:
    monday = calendar.today - calendar.today.weekday() * _DAY
    return calendar.between("this week (since Monday)", monday, calendar.today + _DAY)


def _last_week(_: re.Match[str], calendar: Calendar) -> Period:
    monday = calendar.today - calendar.today.weekday() * _DAY
    return calendar.between("last week (Monday to Sunday)", monday - 7 * _DAY, monday)


def _this_month(_: re.Match[str], calendar: Calendar) -> Period:
    return calendar.between("this month", calendar.today.replace(day=1), calendar.today + _DAY)


def _last_month(_: re.Match[str], calendar: Calendar) -> Period:
    first = calendar.today.replace(day=1)
    return calendar.between("last month", (first - _DAY).replace(day=1), first)


def _weekday(found: re.Match[str], calendar: Calendar) -> date:
    """The last one before today, or today."""
    return calendar.today - (calendar.today.weekday() - _WEEKDAYS.index(found[1])) % 7 * _DAY


def _since_weekday(found: re.Match[str], calendar: Calendar) -> Period:
    return calendar.between(
        f"since {found[1].capitalize()}", _weekday(found, calendar), calendar.today + _DAY
    )


def _on_weekday(found: re.Match[str], calendar: Calendar) -> Period:
    day = _weekday(found, calendar)
    return calendar.between(f"{found[1].capitalize()} {day:%d %b}", day, day + _DAY)


def _since_yesterday(_: re.Match[str], calendar: Calendar) -> Period:
    return calendar.between("since yesterday", calendar.today - _DAY, calendar.today + _DAY)


def _iso_day(found: re.Match[str], calendar: Calendar) -> Period:
    day = date.fromisoformat(found[1])
    return calendar.between(f"{day:%d %b %Y}", day, day + _DAY)


def _named_day(found: re.Match[str], calendar: Calendar) -> Period:
    groups = [group for group in found.groups() if group]
    number = next(int(group) for group in groups if group.isdigit())
    month = next(_MONTHS.index(group) for group in groups if not group.isdigit()) + 1
    day = date(calendar.today.year, month, number)
    day = day if day <= calendar.today else day.replace(year=day.year - 1)
    return calendar.between(f"{day:%d %b %Y}", day, day + _DAY)


def _ever(_: re.Match[str], calendar: Calendar) -> Period:
    return Period(datetime(1970, 1, 2, tzinfo=UTC), calendar.now, "all that is stored")


_PARTS: Final = {
    "morning": (5, 12),
    "noon": (11, 14),
    "afternoon": (12, 18),
    "evening": (18, 23),
    "night": (22, 23),
}
_TABLE: Final[tuple[tuple[str, Callable[[re.Match[str], Calendar], Period]], ...]] = (
    (r"\b(\d{4}-\d{2}-\d{2})\b", _iso_day),
    (rf"\b(\d{{1,2}})(?:st|nd|rd|th|\.)? (?:of )?{_MONTH}\b|\b{_MONTH} (\d{{1,2}})\b", _named_day),
    (rf"\b(?:last|past|previous) {_NUMBER} (minute|hour|day|night|week|month)s?\b", _last_units),
    (r"\blast night\b|\b(?:during|in|over|at) (?:the )?night\b|\bovernight\b|\btonight\b", _last_night),
    (r"\byesterday(?: is)?(?:'s)? (morning|noon|afternoon|evening)\b", _part_of_yesterday),
    (r"\bthis (morning|noon|afternoon|evening)\b", _part_of_today),
    (r"\bsince yesterday\b", _since_yesterday),
    (r"\byesterday\b", _yesterday),
    (rf"\bsince (?:last )?{_WEEKDAY}\b", _since_weekday),
    (rf"\b{_WEEKDAY}\b", _on_weekday),
    (r"\btoday\b|\bthis day\b", _today),
    (r"\bthis week\b|\bcurrent week\b", _this_week),
    (r"\b(?:last|previous) week\b", _last_week),
    (r"\bpast week\b", lambda _, calendar: calendar.last("the last 7 days", _UNITS["week"])),
    (r"\bthis month\b", _this_month),
    (r"\b(?:last|past|previous) month\b", _last_month),
    (
        r"\b(?:last|past|previous) (hour)\b",
        lambda _, calendar: calendar.last("the last hour", _UNITS["hour"]),
    ),
    (r"\b(?:last|past|previous) day\b", lambda _, calendar: calendar.last("the last 24 hours", _DAY)),
    (r"\b(?:ever|in all|altogether|so far|all time|since the beginning|since the start)\b", _ever),
)
