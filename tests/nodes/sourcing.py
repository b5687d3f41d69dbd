"""Several nodes on one broker: each hears of the others what it would hear over a line, by the same sourcing."""

from collections.abc import Iterable

from nats.js import JetStreamContext
from nats.js.api import StreamSource, SubjectTransform
from nats.js.errors import NotFoundError

from contracts.event import new_id
from tests.given import eventually


def _from(stream: str, *subjects: str) -> StreamSource:
    return StreamSource(name=stream, subject_transforms=[SubjectTransform(src=one, dest="") for one in subjects])


async def connect(js: JetStreamContext, nation: str, regions: Iterable[str]) -> None:
    """The nation hears what regions share, a region what is for it: from the nation, and from the others through it."""
    shared = [_from(f"odh-{region}-shared", f"odh.{region}.shared.>", f"odh.{region}.to.>") for region in regions]
    await source_from(js, nation, shared)
    for region in regions:
        of_nation = [f"odh.{nation}.shared.{what}.>" for what in ("requests", "members")]
        sources = [
            _from(f"odh-{nation}-shared", *of_nation, f"odh.{nation}.to.{region}.>"),
            _from(f"odh-{nation}-elsewhere", f"odh.*.to.{region}.>"),
        ]
        await source_from(js, region, sources)


async def brought(js: JetStreamContext, nodes: Iterable[str]) -> None:
    """Returns when every node has all that the others have said so far, by what is said to each after all that."""
    mark = f"tests.mark.{new_id()}"
    pairs = [(one, other) for one in nodes for other in nodes if one != other]
    for one, other in pairs:
        await js.publish(f"odh.{one}.to.{other}.{mark}", b"")

    async def here() -> bool:
        for one, other in pairs:
            try:
                await js.get_last_msg(f"odh-{other}-elsewhere", f"odh.{one}.to.{other}.{mark}")
            except NotFoundError:
                return False
        return True

    await eventually(here, saying="everything brought")
    for node in nodes:
        for kind in ("shared", "elsewhere"):
            await js.purge_stream(f"odh-{node}-{kind}", subject=f"odh.*.to.*.{mark}")


async def disconnect(js: JetStreamContext, node: str) -> None:
    """The line of a node is cut: it hears nothing more of the others."""
    await source_from(js, node, [])


async def source_from(js: JetStreamContext, node: str, sources: list[StreamSource]) -> None:
    """What a node hears of others from now on is these streams."""
    config = (await js.stream_info(f"odh-{node}-elsewhere")).config
    await js.update_stream(config.evolve(sources=sources))
