"""What is told of tips, of meetings and of who comes to them."""

from datetime import date, datetime, time
from typing import Annotated

from pydantic import BaseModel, Field

from chassis import Input, ShortText
from contracts.meetings import Standing
from contracts.members import Place
from contracts.vocabulary import Language, Theme
from services.requests.tables import Listing, SignUp

Name = Annotated[ShortText, Field(description="By which the organiser may see who comes; none: they see nobody.")]


class TipView(BaseModel):
    """A tip, as everybody reads it."""

    offer_id: str
    title: str
    text: str
    language: Language
    themes: tuple[Theme, ...]
    place: Place
    organisation_id: str
    organisation_name: str | None
    node: str | None = Field(description="The node that it is of; none: this one.")

    @classmethod
    def of(cls, listing: Listing, name: str | None) -> "TipView":
        """As it now is."""
        return cls(**_told(cls, listing), organisation_name=name)


class MeetingView(TipView):
    """A meeting, as everybody reads it; when it closed, who had signed up still finds it."""

    is_open: bool = Field(description="Whether somebody can sign up for it now, wherever that is.")
    is_called_off: bool = Field(description="Whether it does not take place; never of one that has been.")
    starts_on: date | None
    ends_on: date | None
    from_time: time | None
    until_time: time | None
    venue: str | None
    sign_up_url: str | None = Field(description="Where people sign up, if that is not here.")
    places: int | None = Field(description="How many people can come; none: no limit.")
    places_taken: int | None = Field(description="None of a meeting of another node, which counts there.")
    waiting: int | None

    @classmethod
    def of_meeting(
        cls,
        listing: Listing,
        name: str | None,
        *,
        is_open: bool,
        is_called_off: bool,
        counts: tuple[int, int] | None,
    ) -> "MeetingView":
        """As it now is; `counts` are how many have a place and how many wait."""
        taken, waiting = counts or (None, None)
        return cls(
            **_told(cls, listing),
            organisation_name=name,
            is_open=is_open,
            is_called_off=is_called_off,
            places=listing.participants,
            places_taken=taken,
            waiting=waiting,
        )


class SignUpDraft(Input):
    """That somebody wants to come."""

    name: Name | None = None


class SignUpView(BaseModel):
    """How the caller's own sign-up stands."""

    standing: Standing
    name: str | None = Field(description="What the organiser sees of who signed up.")
    before_you: int | None = Field(description="How many others have waited longer, for who waits here.")
    reminded_at: datetime | None = Field(
        description="When who has a place is reminded; none when that was before this, or the day is not known."
    )

    @classmethod
    def of(cls, row: SignUp, before_you: int | None, reminded_at: datetime | None) -> "SignUpView":
        """As it now is."""
        return cls(standing=Standing(row.standing), name=row.name, before_you=before_you, reminded_at=reminded_at)


class OwnSignUpView(BaseModel):
    """A meeting that the caller signed up for."""

    meeting: MeetingView
    sign_up: SignUpView


class GuestView(BaseModel):
    """Somebody who comes or waits, as the organiser sees them: by name, if they agreed to that."""

    standing: Standing
    name: str | None


class GuestsView(BaseModel):
    """Who comes to a meeting, in the order in which they signed up."""

    is_mine: bool = Field(description="Whether the caller is the organiser.")
    places: int | None
    places_taken: int
    waiting: int
    guests: tuple[GuestView, ...]


def _told(view: type[BaseModel], listing: Listing) -> dict[str, object]:
    return {name: getattr(listing, name) for name in view.model_fields if hasattr(listing, name)}
