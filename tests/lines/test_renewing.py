"""A stream that is to be made anew from its own snapshot, and of which there is no whole one."""

import pytest

from node.keeping import streams
from node.keeping.manifest import Unusable
from node.links import sourcing
from tests.given import fresh_name

#: More than the server puts in one file.
MESSAGES, MESSAGE_BYTES = 10, 1_000_000


async def test_a_stream_of_which_the_server_has_no_whole_snapshot_is_not_removed(nats, tmp_path):
    stream = fresh_name("renewed")
    async with streams.connected(nats.url) as client:
        await streams.ask(client, f"STREAM.CREATE.{stream}", {"name": stream, "subjects": [f"{stream}.>"]})
        for _ in range(MESSAGES):
            await client.jetstream().publish(f"{stream}.said", bytes(MESSAGE_BYTES))
        next(nats.data.rglob(f"{stream}/msgs/1.blk")).unlink()
        made = (await streams.ask(client, f"STREAM.INFO.{stream}"))["created"]

        with pytest.raises(Unusable, match="missing"):
            await sourcing.renew(client, stream, tmp_path)

        assert (await streams.ask(client, f"STREAM.INFO.{stream}"))["created"] == made
        assert (await client.jetstream().get_msg(stream, MESSAGES)).data == bytes(MESSAGE_BYTES)

        assert await sourcing.renew(client, stream, tmp_path)  # by then the server knows which messages it has

        assert (await client.jetstream().get_msg(stream, MESSAGES)).data == bytes(MESSAGE_BYTES)
        await streams.remove(client, stream)
