"""The day that an instant belongs to, where a community keeps its books (domain case 33)."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

ONE_DAY = timedelta(days=1)


def time_zones() -> list[str]:
    """Return the names of the world's time zones, by region and city."""
    return sorted(
        name
        for name in available_timezones()
        if "/" in name and not name.startswith(("Etc/", "SystemV/", "posix", "right"))
    )


def year_begun(month: int, day: date) -> date:
    """Return the first day of the financial year of a day; it begins on the first of a month."""
    return date(day.year if day.month >= month else day.year - 1, month, 1)


def day_in(zone: str, instant: datetime) -> date:
    """Return the day of an aware instant in a time zone."""
    return instant.astimezone(ZoneInfo(zone)).date()


def end_of(zone: str, day: date) -> datetime:
    """Return the first instant after a day in a time zone, in UTC; clocks may jump there."""
    return datetime.combine(day + ONE_DAY, time(), ZoneInfo(zone)).astimezone(UTC)
