"""Contact details for the side of an introduction that is of another node: sealed, so only that node reads them."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from joserfc import jwe
from joserfc.jwk import OKPKey
from pydantic_core import to_json
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.matching import IntroductionMade
from contracts.members import ContactSealed, PublicKey
from services.members import membership, store
from services.members.rules import MemberStatus
from services.members.tables import OtherNode, SealedContact

SEALED_AGAIN = timedelta(days=30)

_HEADER = {"alg": "ECDH-ES+A256KW", "enc": "A256GCM"}


def sealed(contact: dict[str, str | None], key: PublicKey) -> str:
    """Something that only the holder of a key can read, as a JWE."""
    public = OKPKey.import_key(key.model_dump())
    return jwe.encrypt_compact(_HEADER | {"kid": key.kid}, to_json(contact), public, algorithms=[*_HEADER.values()])


async def seal_for_introduction(session: AsyncSession, match: IntroductionMade, now: datetime) -> None:
    """The side that is ours is made known to the node of the other, once for each match."""
    sides = (match.asker, match.offerer)
    own = [party for party in sides if party.node is None]
    other = [(party.node, party.member_id) for party in sides if party.node]
    if len(own) != 1 or await _of_match(session, match.match_id):
        return
    ((node, other_id),) = other
    waiting = SealedContact(match_id=match.match_id, member_id=own[0].member_id, node=node, other_id=other_id)
    session.add(waiting)
    await _seal(session, waiting, now)


async def _of_match(session: AsyncSession, match_id: str) -> SealedContact | None:
    return (await session.exec(select(SealedContact).where(SealedContact.match_id == match_id))).first()


async def seal_to_key(session: AsyncSession, node: str, now: datetime) -> None:
    """A node's key has become known: what waited for it goes. So does once more what was sealed lately.

    A node that was put back from a backup has another key, and may not have opened that; what it did open it keeps.
    """
    lately = now - SEALED_AGAIN
    its = (
        SealedContact.node == node,
        sa.or_(col(SealedContact.sealed_at).is_(None), col(SealedContact.sealed_at) > lately),
    )
    query = select(SealedContact).where(*its)
    for waiting in (await session.exec(query.with_for_update())).all():
        await _seal(session, waiting, now)


async def _seal(session: AsyncSession, waiting: SealedContact, now: datetime) -> None:
    """Says it, when the key is known and the member still takes part."""
    await store.one_at_a_time(session, f"node {waiting.node}")  # its key may be on its way in
    known = await session.get(OtherNode, waiting.node)
    member = await store.find_member(session, waiting.member_id)
    if known is None or member is None or member.status != MemberStatus.ACTIVE:
        return
    contact = await membership.contact_of(session, member)
    shown = {name: contact[name] for name in ("name", "email", "phone", "organisation_name")}
    bound = {"match_id": waiting.match_id, "member_id": waiting.member_id}
    event = ContactSealed(**bound, sealed=sealed(bound | shown, PublicKey.model_validate(known.key)))
    say(session, event, to=waiting.node)
    waiting.sealed_at = now
