"""After this node was put back from a backup: other nodes tell what they heard of it, and hear what is otherwise."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, say
from contracts.matching import ToldBack
from contracts.requests import PropositionLost
from contracts.vocabulary import Side, Status
from services.requests import store, telling
from services.requests.settings import RequestsSettings

router = EventRouter()


@router.hears(ToldBack, elsewhere=True)
async def tell_again(event: ToldBack, session: AsyncSession, settings: RequestsSettings, said_by: str) -> None:
    """Only who may know them hears: the national node all that a region has, a region what the nation offers."""
    if not settings.is_national and said_by != settings.national_node:
        return
    for heard in event.propositions:
        proposition = await store.find(session, heard.proposition_id)
        if proposition is None:
            await store.note_lost(session, heard.proposition_id, heard.version)
            lost = {"proposition_id": heard.proposition_id, "heard_version": heard.version}
            say(session, PropositionLost(**lost), to=said_by)
        elif proposition.status == Status.DRAFT:
            # That it was opened is lost here; when it is opened again, that must win.
            proposition.version = max(proposition.version, heard.version + 1)
            lost = {"proposition_id": heard.proposition_id, "draft_version": proposition.version}
            say(session, PropositionLost(**lost), to=said_by)
        elif proposition.version != heard.version and (proposition.side == Side.OFFER or not settings.is_national):
            # A change that is lost here must not win from what is so now.
            proposition.version = max(proposition.version, heard.version + 1)
            telling.as_it_is(session, proposition, to=said_by)
