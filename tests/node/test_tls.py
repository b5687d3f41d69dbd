"""A node whose NATS server has a certificate."""

import pytest

from contracts.event import new_id
from node.links import certificates
from node.node import Node
from node.part import PartFailed, free_port


async def test_a_node_does_not_start_with_a_certificate_that_its_services_cannot_trust(run_directory):
    data = run_directory / new_id()
    certificates.make(data / "keys" / "lines", ["hub.example.org"])

    with pytest.raises(PartFailed, match=r"server.pem is niet ook voor 127\.0\.0\.1"):
        await Node(data, gateway_port=free_port(), services=()).start()
