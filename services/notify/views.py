"""What a member sees of notify: inbox items in their own language, preferences, and mails that failed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, model_validator
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Input
from chassis.problems import describe
from chassis.telemetry import log
from contracts.matching import reference
from contracts.vocabulary import Language
from services.notify import asking, contacts, tables
from services.notify.moments import Habits, Wishes
from services.notify.rendering import Person, Reading, inbox_lines
from services.notify.templates import Category, Rhythm, Template


class InboxItemView(BaseModel):
    """One thing that somebody was told."""

    item_id: str
    position: int = Field(description="Grows in the order in which items appear; where a stream goes on from.")
    template: Template
    matter_id: str = Field(description="The match, the request or the member that it is about.")
    title: str
    text: str
    language: Language = Field(description="The member's own, which the title and the text are in.")
    url: str | None = Field(description="Where to go on, if anywhere.")
    created_at: datetime
    read_at: datetime | None
    is_over: bool = Field(description="Whether what it asks was answered, or is not asked any more.")


Plain = Literal[Rhythm.AT_ONCE, Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.NONE]
Hour = Annotated[int, Field(ge=0, le=23)]


class Preferences(Input):
    """How often each sort of mail comes, and when none does.

    Sign-in links always come at once, and introductions as soon as no quiet hours are in the way. Hours are those of
    the clock in Amsterdam; a quiet night goes from 22 until 7.
    """

    desk: Rhythm = Field(description="What an ambassador looks after: matches to judge, and how they go on.")
    proposals: Plain = Field(description="Matches to answer.")
    reminders: Plain = Field(description="That an answer is still awaited.")
    unanswered: Plain = Field(
        description="That no answer was found to a request, or that what was asked or offered expired."
    )
    outcomes: Plain = Field(description="How a match ended.")
    initiatives: Plain = Field(
        default=Rhythm.AT_ONCE, description="What others do in an initiative, and that it, or a conversation, is quiet."
    )
    quiet_from: Hour | None = Field(default=None, description="From this hour on no mail comes.")
    quiet_until: Hour | None = Field(default=None, description="From this hour on it comes again.")
    weekends: bool = Field(default=True, description="Whether mail comes on Saturday and Sunday.")
    pushed: tuple[Category, ...] = Field(
        default=tuple(Category), description="What the member's devices are told of, if they want that on any."
    )


class PreferencesDraft(Preferences):
    """What a member chooses."""

    @model_validator(mode="after")
    def _quiet_hours_begin_and_end(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            raise ValueError("quiet_from and quiet_until belong together: give both or neither")
        if self.quiet_from is not None and self.quiet_from == self.quiet_until:
            raise ValueError("quiet_from and quiet_until must differ")
        return self

    def wishes(self) -> Wishes:
        """As it is kept."""
        chosen = {category.value: Rhythm(getattr(self, category.value)) for category in Category}
        return Wishes(
            muted=[category for category, rhythm in chosen.items() if rhythm is Rhythm.NONE],
            rhythms={category: rhythm.value for category, rhythm in chosen.items() if rhythm is not Rhythm.NONE},
            quiet_from=self.quiet_from,
            quiet_until=self.quiet_until,
            weekends=self.weekends,
            not_pushed=[category.value for category in Category if category not in self.pushed],
        )


class PreferencesView(Preferences):
    """What a member chose, or what the node does for who never did; the language comes with their contact details."""

    language: Language
    email_refused: bool = Field(description="Whether mail to the member's address was refused, so that none arrives.")
    version: int = Field(description="Of the choice, as in the ETag: to be sent along with a change.")


class NotificationView(BaseModel):
    """A mail and how far it is; without the address."""

    notification_id: str
    member_id: str
    template: Template
    matter_id: str
    status: str
    refusal: str | None = Field(description="The mail server's reply code, or why no server was asked.")
    attempts: int
    attempts_unsure: int = Field(description="How often it was sent again because its sender had died.")
    created_at: datetime
    sent_at: datetime | None


async def inbox_views(session: AsyncSession, items: Sequence[tables.InboxItem], public_url: str) -> list[InboxItemView]:
    """Items as their member reads them; contact details only where they are what it is about.

    An item that has no words for what it tells is a fault of ours: it is left out, and keeps nobody from the others.
    """
    shown = {item.member_id for item in items} | {who for item in items for who in _shown_to(item)}
    known = await contacts.contacts_of(session, shown) if items else {}
    introduced = [item.matter_id for item in items if item.template == Template.INTRODUCTION]
    elsewhere = await contacts.contacts_elsewhere(session, introduced) if introduced else {}
    over = await asking.not_asked_any_more(session, items)
    views = []
    for item in items:
        try:
            views.append(_inbox_view(item, known, elsewhere, public_url, is_over=item.item_id in over))
        except Exception as error:
            log.error("inbox item left out", item_id=item.item_id, template=item.template, fault=describe(error))
    return views


def _shown_to(item: tables.InboxItem) -> list[str]:
    """Whose contact details an item shows: the other side's, or who could not be reached."""
    if item.template == Template.TEAM_MAIL_REFUSED:
        return [item.matter_id]
    if item.template != Template.INTRODUCTION:
        return []
    parties = [item.facts[side] for side in ("asker", "offerer")]
    sides = [reference(party["member_id"], party.get("node")) for party in parties]
    return [who for who in sides if who != item.member_id] if item.member_id in sides else []


def _inbox_view(
    item: tables.InboxItem,
    known: dict[str, tables.Contact],
    elsewhere: dict[tuple[str, str], tables.ContactElsewhere],
    public_url: str,
    *,
    is_over: bool,
) -> InboxItemView:
    own = known.get(item.member_id)
    language = Language(own.language) if own else Language.DUTCH
    lines = inbox_lines(
        Reading(
            template=Template(item.template),
            language=language,
            member_id=item.member_id,
            matter_id=item.matter_id,
            facts=item.facts,
            public_url=public_url,
            persons={
                who: Person(contact.name, contact.email, contact.phone, contact.organisation_name)
                for who in _shown_to(item)
                if (contact := known.get(who) or elsewhere.get((item.matter_id, who)))
            },
        )
    )
    return InboxItemView(
        item_id=item.item_id,
        position=item.position or 0,
        template=Template(item.template),
        matter_id=item.matter_id,
        title=lines.title,
        text=lines.text,
        language=language,
        url=lines.url,
        created_at=item.created_at,
        read_at=item.read_at,
        is_over=is_over,
    )


def preferences_view(wishes: Wishes, habits: Habits, contact: tables.Contact | None, version: int) -> PreferencesView:
    """How often each sort of mail comes to a member; in Dutch as long as we do not know them."""
    rhythms = {category.value: wishes.rhythm(category, habits) for category in Category}
    return PreferencesView(
        **rhythms,
        quiet_from=wishes.quiet_from,
        quiet_until=wishes.quiet_until,
        weekends=wishes.weekends,
        pushed=tuple(category for category in Category if wishes.is_pushed(category)),
        language=Language(contact.language) if contact else Language.DUTCH,
        email_refused=contact is not None and contact.refused_at is not None,
        version=version,
    )


def notification_view(row: tables.Notification) -> NotificationView:
    """A mail without its address and facts."""
    return NotificationView(
        notification_id=row.notification_id,
        member_id=row.member_id,
        template=Template(row.template),
        matter_id=row.matter_id,
        status=row.status,
        refusal=row.refusal,
        attempts=row.attempts,
        attempts_unsure=row.attempts_unsure,
        created_at=row.created_at,
        sent_at=row.sent_at,
    )
