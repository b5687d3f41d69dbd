"""What who signed up for a meeting is told, and what their calendar is: decisions, without database or clock."""

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any

from contracts.calendar import calendar_file, span
from contracts.meetings import Meeting, Standing
from contracts.requests import MeetingCalledOff, MeetingMoved, MeetingNear, PlaceFreed, SignedUp, SignUpWithdrawn
from services.notify.rules import Notice
from services.notify.templates import MEETING_TEMPLATES, Template

SignUpHeard = SignedUp | PlaceFreed | SignUpWithdrawn | MeetingMoved | MeetingCalledOff | MeetingNear

_TEMPLATE_OF: dict[type, Template] = {
    SignedUp: Template.MEETING_SIGNED_UP,
    PlaceFreed: Template.MEETING_PLACE_FREED,
    SignUpWithdrawn: Template.MEETING_LEFT,
    MeetingMoved: Template.MEETING_MOVED,
    MeetingCalledOff: Template.MEETING_CALLED_OFF,
    MeetingNear: Template.MEETING_NEAR,
}

#: After these it does not stand in a calendar any more.
_GONE = frozenset({Template.MEETING_LEFT, Template.MEETING_CALLED_OFF})

#: These say all of how a sign-up stands; whatever was told of it before contradicts them.
_ALL_OF_IT = (Template.MEETING_SIGNED_UP, Template.MEETING_PLACE_FREED, *sorted(_GONE))

#: Of these a mail says no more than when and where the meeting is, as one that it moved (again) does.
_WHEN_AND_WHERE = (Template.MEETING_MOVED, Template.MEETING_NEAR)

#: So long after a mail that a meeting moved the next one goes: an organiser may move it as often as they like.
_MOVED_APART = timedelta(minutes=15)


def goes_at(mail: str) -> str:
    """The moment (from `:now` on) at which a new `mail` goes: that a meeting moved again goes with what waits of it."""
    return f"""
        CASE WHEN {mail}.template = '{Template.MEETING_MOVED}' THEN (
            SELECT greatest(
                coalesce(min(next_attempt_at) FILTER (WHERE status = 'waiting'), CAST(:now AS timestamptz)),
                max(next_attempt_at) FILTER (WHERE status IN ('sending', 'sent'))
                    + interval '{_MOVED_APART.total_seconds():.0f} seconds')
            FROM notification AS before
            WHERE before.member_id = {mail}.member_id AND before.matter_id = {mail}.matter_id
              AND before.template = {mail}.template) ELSE CAST(:now AS timestamptz) END
    """


def contradicted(mail: str) -> str:
    """The condition that a `mail` of a meeting says what a newer one of the same sign-up says otherwise.

    Which is newer their occurrences tell: each sort of event comes by itself, and a mail may be put off.
    """
    return f"""
        CASE WHEN {mail}.template IN ({_listed(MEETING_TEMPLATES)}) THEN EXISTS (
            SELECT FROM notification AS newer
            WHERE newer.member_id = {mail}.member_id AND newer.matter_id = {mail}.matter_id
              AND CASE WHEN newer.template IN ({_listed(_ALL_OF_IT)})
                    OR newer.template = '{Template.MEETING_MOVED}' AND {mail}.template IN ({_listed(_WHEN_AND_WHERE)})
                  THEN CAST(string_to_array(newer.occurrence, '.') AS bigint[])
                     > CAST(string_to_array({mail}.occurrence, '.') AS bigint[]) END) ELSE false END
    """


def _listed(templates: Iterable[Template]) -> str:
    return ", ".join(f"'{template}'" for template in sorted(templates))


def notice(event: SignUpHeard) -> Notice:
    """Told once for each change of the sign-up and of the meeting; gone when either of the two people is erased."""
    meeting, template = event.meeting, _TEMPLATE_OF[type(event)]
    facts: dict[str, Any] = {"meeting": meeting.model_dump(mode="json"), "standing": event.standing.value}
    if template is Template.MEETING_NEAR and meeting.starts_on:
        facts["expires_at"] = _end(meeting)
    people = (event.member_id, *([meeting.organiser_id] if meeting.organiser_id else []))
    return Notice(
        event.member_id,
        template,
        meeting.offer_id,
        facts,
        occurrence=f"{event.version}.{meeting.sequence}",
        about=people,
        needs=(event.member_id,),
    )


def calendar_of(template: Template, facts: Mapping[str, Any], url: str, now: datetime) -> tuple[str, bytes] | None:
    """The method and the file that go with a mail, if it changes what stands in the reader's calendar."""
    meeting = Meeting.model_validate(facts["meeting"])
    gone = template in _GONE
    if not gone and facts["standing"] != Standing.PLACE:
        return None
    method = "CANCEL" if gone else "PUBLISH"
    file = calendar_file(meeting, url=url, now=now, called_off=gone, method=method)
    return (method, file) if file else None


def _end(meeting: Meeting) -> str:
    """When a reminder is of no use any more; of a meeting without hours, when its first day is over."""
    assert meeting.starts_on is not None
    begin, _ = span(meeting.starts_on, meeting.ends_on, meeting.from_time, meeting.until_time)
    if not isinstance(begin, datetime):
        begin, _ = span(meeting.starts_on + timedelta(days=1), None, time(), None)
    assert isinstance(begin, datetime)
    return begin.isoformat()
