"""What `./odh up` says when a node is open."""

import os
from types import SimpleNamespace
from typing import Any

import pytest

from node import up
from tests.node.test_addresses import of_a_node_with


@pytest.mark.parametrize("has_team", [True, False])
def test_an_address_that_lets_nobody_in_any_more_is_not_named(tmp_path, has_team):
    where = of_a_node_with(os.getpid())._replace(team=["loes@node.example"])
    node: Any = SimpleNamespace(data=tmp_path, addresses=lambda: where)

    told = up.welcome(node, 1.0, False, has_team)

    assert ("loes@node.example" in told, "niemand is van het team" in told) == (has_team, not has_team)
