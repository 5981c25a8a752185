"""Words that several commands share: moments and days as people write them."""

from collections.abc import Callable
from datetime import date, datetime

Tell = Callable[..., str]


def when(text: object, tell: Tell) -> str:
    """A moment (RFC 3339) in words, by the clocks it was written with; a dash for none."""
    if not isinstance(text, str):
        return "-"
    at = datetime.fromisoformat(text)
    return tell("moment", **_date(at, tell), hour=f"{at.hour:02}", minute=f"{at.minute:02}")


def day(text: object, tell: Tell) -> str:
    """A day (ISO 8601) in words; a dash for none."""
    return tell("day", **_date(date.fromisoformat(text), tell)) if isinstance(text, str) else "-"


def _date(at: date, tell: Tell) -> dict[str, object]:
    return {"day": at.day, "month": tell(f"month-{at.month}"), "year": at.year}
