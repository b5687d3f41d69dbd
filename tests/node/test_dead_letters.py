"""`./odh dead-letters`, of the node on a folder."""

import os

from chassis.behind import troubles_of
from chassis.figures import Figures
from node import addresses
from tests.node.commands import odh
from tests.node.test_addresses import of_a_node_with


async def test_those_of_another_nodes_folder_are_looked_for_on_its_own_server(nats, tmp_path):
    addresses.write(tmp_path, of_a_node_with(os.getpid())._replace(node="elsewhere", nats=nats.url))

    told = await odh("dead-letters", f"--data={tmp_path}")

    assert (told.code, told.err) == (1, "There is no node called elsewhere on that server.\n")


async def test_a_folder_where_no_node_runs_is_told(tmp_path):
    told = await odh("dead-letters", f"--data={tmp_path}")

    assert told.code == 1
    assert f"geen node op {tmp_path} (no node runs there)" in told.err


def test_who_sees_that_there_are_some_is_told_where(tmp_path):
    found = {"members": [Figures(service="members", node="zeeland", parts={}, dead_letters=1)]}

    (trouble,) = troubles_of(found, addresses.option(tmp_path))

    assert trouble.nl.endswith(f"zie ./odh dead-letters --data {tmp_path}")
