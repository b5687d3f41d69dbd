"""The node's team takes down what somebody asks or offers, and its member may place it again when they changed it."""

from typing import Annotated

from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import AtMost, Input, LongText, Reply, check_version, note_deed
from contracts.deeds import Deed
from contracts.taking_down import TakenDownBecause
from contracts.vocabulary import Side, Status
from services.requests import life, rules, store, telling
from services.requests.calls import Asking
from services.requests.rules import Step
from services.requests.views import view_of


class TakeDown(Input):
    """Why the node's team takes something down."""

    because: TakenDownBecause
    note: Annotated[LongText, AtMost(1000)] | None = Field(
        default=None, description="What its member is told beside it."
    )


async def take_down(
    session: AsyncSession, side: Side, proposition_id: str, why: TakeDown, expected: int | None, call: Asking
) -> Reply:
    """It is withdrawn for its member, who hears why; a draft nobody else knows of."""
    proposition = await store.find(session, proposition_id)
    if proposition is None or proposition.side != side or proposition.status == Status.DRAFT:
        raise rules.NOT_FOUND[side]
    check_version(expected, proposition.version)
    proposition.taken_down = why.model_dump(mode="json") | {"words": rules.words_of(proposition.told())}
    proposition.withdrawn_by_member = True  # nor does a network open it again: that is for its member to do
    life.move(session, proposition, Step.WITHDRAW, call.now, call.settings)
    telling.taken_down(session, proposition, why.because, why.note)
    note_deed(
        session, "requests", call.who, Deed.TEXT_TAKEN_DOWN, call.now,
        matter=side.value, matter_id=proposition_id, title=proposition.title, whose=[proposition.member_id],
    )  # fmt: skip
    return Reply(view_of(proposition, call), version=proposition.version)
