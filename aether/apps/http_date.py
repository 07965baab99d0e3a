"""Dates as HTTP writes them (RFC 9110 §5.6.7), computed without asking any clock."""

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ERA = 146_097
"""Days in 400 years; after so many the calendar repeats."""


def show_date(seconds: int) -> str:
    """Return seconds since 1970 (UTC, not before) as ``Sun, 06 Nov 1994 08:49:37 GMT`` (RFC 9110 §5.6.7)."""
    days, rest = divmod(seconds, 86_400)
    # Counted from 1 March of year 0, leap days come at the end of a year.
    era, day_of_era = divmod(days + 719_468, _ERA)
    year = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year + year // 4 - year // 100)
    month = (5 * day_of_year + 2) // 153
    day = day_of_year - (153 * month + 2) // 5 + 1
    month = month + 3 if month < 10 else month - 9
    year += era * 400 + (month <= 2)
    return (f"{DAYS[(days + 3) % 7]}, {day:02} {MONTHS[month - 1]} {year:04} "
            f"{rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02} GMT")


def parse_date(text: str) -> int | None:
    """Return what `show_date` was given; None for any other text, the obsolete forms included."""
    words = text.replace(":", " ").split()
    if len(words) != 8 or words[2] not in MONTHS or not all(each.isascii() and each.isdigit() for each in (
            words[1], *words[3:7])):
        return None
    day, year, hour, minute, second = (int(each) for each in (words[1], *words[3:7]))
    month = MONTHS.index(words[2]) + 1
    shifted = year - (month <= 2)
    era, year_of_era = divmod(shifted, 400)
    day_of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    days = era * _ERA + year_of_era * 365 + year_of_era // 4 - year_of_era // 100 + day_of_year - 719_468
    seconds = days * 86_400 + hour * 3600 + minute * 60 + second
    return seconds if seconds >= 0 and show_date(seconds) == text else None
