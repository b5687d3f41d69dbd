"""docs/operating-nodes.md, each command for containers as it stands there, on a real engine: a nation and a region."""

import io
import re
from ipaddress import ip_network

import pytest

from node.story import play
from node.telling import Teller
from tests.deploy.containers import port_of_a_container, run, why_not
from tests.given import eventually
from tests.operating.desk import TELLS_MORE, Desk, a_node
from tests.operating.page import Page, in_containers

pytestmark = [
    pytest.mark.engine,
    pytest.mark.long,
    pytest.mark.timeout(1500),  # the first time the image is built
    pytest.mark.skipif(bool(missing := why_not()), reason=f"needs containers: {missing}"),
]


def where_containers_reach_us() -> str:
    """The machine's own address in the network of containers: its first, where an engine that just began names none."""
    asked = "{{with index .IPAM.Config 0}}{{or .Gateway .Subnet}}{{end}}"
    told = run("docker", "network", "inspect", "bridge", f"--format={asked}").strip()
    return str(ip_network(told)[1]) if "/" in told else told


async def test_the_tasks_of_several_nodes():
    page, of_one = Page("operating-nodes.md"), Page("operating.md")
    machine = where_containers_reach_us()
    ports = {name: port_of_a_container() for name in ("LEAF_AT", "LEAF_2_AT", "LEAF_3_AT")}
    opened = {name: f"0.0.0.0:{port}" for name, port in ports.items()}
    async with a_node(ODH_NODE="national", **opened) as nation, a_node(ODH_NODE="zeeland") as zeeland:
        nation.build()
        words = {f"hub.example.org:742{n}": f"{machine}:{port}" for n, port in zip("234", ports.values(), strict=True)}
        words |= {"certificate hub.example.org": f"certificate {machine}"}
        words |= {"zeeland.line.json": str(nation.folder / "zeeland.line.json")}
        hub, region = Desk(nation, words, ["deploy/national.yml"]), Desk(zeeland, words, ["deploy/regional.yml"])
        in_lines = "docker compose exec lines python -m node"

        async def connected() -> None:
            async def is_so() -> bool:
                told = await hub.type(f"{in_lines} nodes list --secrets /secrets", codes=TELLS_MORE)
                return re.search("zeeland.*verbonden", told) is not None

            await eventually(is_so, within=120, saying="a region that is heard")

        async def arrives() -> None:
            """All that Zeeland was asked and offered is known in the nation, once."""
            await play(zeeland.where, Teller(io.StringIO()))
            said = sorted(zeeland.rows("requests", "SELECT proposition_id FROM proposition"))

            async def is_known() -> bool:
                heard = "SELECT proposition_id FROM proposition WHERE node = 'zeeland'"
                return sorted(nation.rows("matching", heard)) == said

            await eventually(is_known, within=90, saying="all of Zeeland in the nation")

        # TLS from the first region on, and no region without.
        up, certify, restart_hub, let_in, join_up, join, restart = page.under("With compose")
        await hub.type(up)
        await hub.is_told_no(let_in.replace("hub.example.org:7422", "hub.example:7422"), "make a certificate first")
        await hub.follow([certify, restart_hub, let_in])
        assert "tls://" in (nation.folder / "zeeland.line.json").read_text()
        await region.follow([join_up, join, restart])
        await connected()
        await arrives()
        of_lines = ("Connect a partner network", "When something does not answer")
        await hub.follow([one for task in of_lines for one in of_one.under(task) if " lines " in one])

        # A region is put back, and gets other passwords; what keeps its line is treated as a service.
        keep, _, stop, restore, start = [
            one for task in ("Back up a node", "Put a node back") for one in of_one.under(task) if in_containers(one)
        ]
        *renew, of_services = [one for one in of_one.under("Rotate credentials") if in_containers(one)]
        await region.follow([keep, stop])
        await region.is_told_no(restore, "lines draait nog")
        await region.follow([f"{stop} lines", restore, *renew, start])
        await connected()
        await arrives()
        (renew_line,) = page.under("Put a node back")
        await region.follow([stop, f"{renew_line.replace('./odh', in_lines)} --secrets /secrets", start])
        await connected()
        await arrives()

        # One server becomes three, with what the one had; the region is told of all three.
        await hub.follow(page.under("A node that runs with one server"))
        await connected()
        up, certify, restart_hub, let_in, *lost = page.under("Three servers for the hub")
        await hub.follow([up, certify, restart_hub, let_in.replace("add-region", "rotate")])
        await region.follow([join, restart])
        await connected()

        # They get other passwords, also the one that they know each other by.
        (anew,) = page.under("All three know the same passwords")
        three = Desk(nation, words, ["deploy/national.yml", "deploy/cluster.yml"])
        await three.follow([*renew[:-1], anew, f"{of_services} lines"])
        await connected()
        await arrives()

        # The one that the line was at first dies, and comes back; another one loses its disk; then the third dies.
        nation.kill(nation.ids("nats")[0])
        await arrives()
        await hub.follow([up, *lost])
        await connected()
        nation.kill(nation.ids("nats-3")[0])
        await arrives()
    assert [one for one in page.left() if in_containers(one)] == []
