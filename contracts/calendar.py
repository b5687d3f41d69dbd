"""A meeting as a file that calendars read: iCalendar (RFC 5545).

The same meeting always has the same UID; a calendar replaces what it has by what has a higher SEQUENCE.
"""

from datetime import UTC, date, datetime, time, timedelta

import icalendar
from babel import Locale
from babel.dates import format_date

from contracts.days import AMSTERDAM
from contracts.meetings import Meeting
from contracts.vocabulary import Language

MEDIA_TYPE = "text/calendar"

#: How long a meeting takes of which nobody said when it ends.
LASTS = timedelta(hours=2)


def calendar_file(
    meeting: Meeting, *, url: str, now: datetime, called_off: bool = False, method: str | None = None
) -> bytes | None:
    """The file; none for a meeting whose day is not known. `url` is its page, `now` the moment at which this is said.

    `method` (PUBLISH or CANCEL) is for a file in a mail (RFC 5546); what is downloaded has none.
    """
    if meeting.starts_on is None:
        return None
    event = icalendar.Event()
    event.add("uid", f"{meeting.offer_id}@omdehoek.nl")
    event.add("sequence", meeting.sequence)
    event.add("dtstamp", now)
    event.add("summary", meeting.title, {"LANGUAGE": meeting.language.value})
    event.add("location", ", ".join(filter(None, (meeting.venue, meeting.place.name))))
    event.add("url", url)
    event.add("description", _description(meeting, url))
    event.add("status", "CANCELLED" if called_off else "CONFIRMED")
    event.add("organizer", icalendar.vCalAddress(url), {"CN": meeting.organisation_name or "Om de Hoek"})
    begin, end = span(meeting.starts_on, meeting.ends_on, meeting.from_time, meeting.until_time)
    # In UTC, so that no calendar has to know our clock: a description of it would be longer than all the rest.
    event.add("dtstart", begin.astimezone(UTC) if isinstance(begin, datetime) else begin)
    event.add("dtend", end.astimezone(UTC) if isinstance(end, datetime) else end)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Om de Hoek//omdehoek.nl//NL")
    calendar.add("version", "2.0")
    if method:
        calendar.add("method", method)
    calendar.add_component(event)
    return bytes(calendar.to_ical())


def span(
    starts_on: date, ends_on: date | None, from_time: time | None, until_time: time | None
) -> tuple[date, date] | tuple[datetime, datetime]:
    """When a meeting begins and ends: moments on the Dutch clock, or whole days, of which the last is not included."""
    last = ends_on or starts_on
    if from_time is None:
        return starts_on, last + timedelta(days=1)
    begin = datetime.combine(starts_on, from_time, AMSTERDAM)
    end = datetime.combine(last, until_time, AMSTERDAM) if until_time else begin + LASTS
    return begin, end if end > begin else begin + LASTS


def when_in_words(
    starts_on: date | None, ends_on: date | None, from_time: time | None, until_time: time | None, language: Language
) -> str:
    """When a meeting is, as people say it: its day of the week, its date and its hours."""
    dutch = language is Language.DUTCH
    if starts_on is None:
        return "de dag is nog niet bekend" if dutch else "the day is not known yet"
    locale = Locale("nl", "NL") if dutch else Locale("en", "GB")
    said = format_date(starts_on, "full", locale=locale)
    if ends_on not in (None, starts_on):
        said += f" {'tot en met' if dutch else 'until'} {format_date(ends_on, 'full', locale=locale)}"
    if from_time and until_time:
        hours = (f"{from_time:%H:%M}", f"{until_time:%H:%M}")
        said += ", van {} tot {} uur".format(*hours) if dutch else ", from {} to {}".format(*hours)
    elif from_time:
        said += f", vanaf {from_time:%H:%M} uur" if dutch else f", from {from_time:%H:%M}"
    return said


def _description(meeting: Meeting, url: str) -> str:
    from_whom = f"{meeting.organisation_name}\n" if meeting.organisation_name else ""
    return from_whom + ("Alles over deze bijeenkomst: " if meeting.language is Language.DUTCH else "More: ") + url
