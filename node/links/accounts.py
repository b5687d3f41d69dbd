"""What a node's NATS server lets whom do: its accounts, their users, and what crosses a line to another node.

Every server has an account NODE with the streams, where each service has a user of its own, and an account
LINK_<other> for each line, which holds nothing. What may cross is exported from the one to the other by name, on both
ends: what is not named here is not refused, it is not there. Seen from a region called zeeland:

    up.zeeland.>                  what the region tells the nation; the nation's stream sources it
    down.zeeland.>                what the nation tells the region
    zeeland.API., national.API.   the one call that sourcing makes: begin again after this message

A partner network has an account of its own as well, PARTNER_<name>, in which there are only the subjects where it
tells us, and where it is told. So an answer that a partner asks for comes to itself, whatever reply it names.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from node import SERVICES
from node.links.partners import LIMITS

#: What looks after the node: streams, lines, dead letters, backups.
OPERATOR = "odh"

NODE, SYSTEM = "NODE", "SYS"

#: Looks after the server itself: reads its settings again.
SYSTEM_USER = "system"

USERS = (OPERATOR, SYSTEM_USER, *SERVICES)

Config = dict[str, Any]


class Flow(NamedTuple):
    """One way over a line: what a consumer of one node's stream sends, and another node's stream takes in."""

    sender: str
    stream: str
    consumer: str
    deliver: str
    filters: tuple[str, ...]

    @property
    def api(self) -> str:
        """The prefix under which the other node calls the consumer; not the server's own name for another domain."""
        return f"{self.sender}.API"


def up(national: str, region: str) -> list[Flow]:
    """What a region tells the nation: all that it shares, and what it says to other nodes."""
    filters = (f"odh.{region}.shared.>", f"odh.{region}.to.>")
    return [Flow(region, f"odh-{region}-shared", f"to-{national}", f"up.{region}.shared", filters)]


#: What every region hears of the nation: its offers, and who takes part.
TOLD_TO_ALL = ("requests", "members")


def down(national: str, region: str) -> list[Flow]:
    """What a region hears: what concerns every region, and what is said to it by the nation or by another region."""
    own = (*(f"odh.{national}.shared.{service}.>" for service in TOLD_TO_ALL), f"odh.{national}.to.{region}.>")
    others = (f"odh.*.to.{region}.>",)
    return [
        Flow(national, f"odh-{national}-shared", f"to-{region}", f"down.{region}.shared", own),
        Flow(national, f"odh-{national}-elsewhere", f"to-{region}", f"down.{region}.elsewhere", others),
    ]


def link_account(other: str) -> str:
    """The account at this end of the line to another node."""
    return f"LINK_{other}"


def accounts(
    node: str,
    *,
    national: str,
    regions: Iterable[tuple[str, str]] = (),
    partners: Mapping[str, Sequence[str]] | None = None,
    passwords: dict[str, str],
) -> Config:
    """The accounts of one server.

    `national` is the national node's name, or empty for a node that is alone; `regions` are those that the national
    node lets in, each with its public key, and `partners` the partner networks with theirs. `passwords` has one for
    each of `USERS`.
    """
    inside: Config = {
        "jetstream": "enabled",
        "users": [
            {"user": OPERATOR, "password": passwords[OPERATOR]},
            *(
                {"user": service, "password": passwords[service], "permissions": permissions(node, service)}
                for service in SERVICES
            ),
        ],
        "exports": [],
        "imports": [],
    }
    made: Config = {NODE: inside, SYSTEM: {"users": [{"user": SYSTEM_USER, "password": passwords[SYSTEM_USER]}]}}
    if national == node:
        for region, key in regions:
            sends, takes = down(national, region), up(national, region)
            made[link_account(region)] = _line(inside, region, sends, takes)
            made[link_account(region)]["users"] = [{"nkey": key, "permissions": _of_link(takes, sends)}]
    elif national:
        made[link_account(national)] = _line(inside, national, up(national, node), down(national, node))
    for partner, keys in sorted((partners or {}).items()):
        made[partner_account(partner)] = _of_partner(inside, node, partner, keys)
    return made


def partner_account(partner: str) -> str:
    """The account of a partner network."""
    return f"PARTNER_{partner}"


def _of_partner(inside: Config, node: str, partner: str, keys: Sequence[str]) -> Config:
    """What a partner can reach: where it publishes, which is answered, and what it is told, while it listens."""
    publishes, hears = f"odh.{node}.partner.{partner}.>", f"odh.{node}.to-partner.{partner}.>"
    inside["exports"] += [
        {"service": publishes, "accounts": [partner_account(partner)]},
        {"stream": hears, "accounts": [partner_account(partner)]},
    ]
    rights = {"publish": {"allow": [publishes]}, "subscribe": {"allow": [hears, "_INBOX.>"]}}
    return {
        "limits": LIMITS,
        "users": [{"nkey": key, "permissions": rights} for key in keys],
        "imports": [
            {"service": {"account": NODE, "subject": publishes}},
            {"stream": {"account": NODE, "subject": hears}},
        ],
    }


def _line(inside: Config, other: str, sends: list[Flow], takes: list[Flow]) -> Config:
    """The account of a line; what NODE gives it and takes from it is added to `inside`."""
    here, line = link_account(other), Config(exports=[], imports=[])
    for flow in sends:
        _give(inside, NODE, line, here, flow, renamed=True)
    for flow in takes:
        _give(line, here, inside, NODE, flow, renamed=False)
    return line


def _give(giver: Config, giver_name: str, taker: Config, taker_name: str, flow: Flow, *, renamed: bool) -> None:
    """Lets one account have a flow of another: its messages, and the two calls that keep it going."""
    reset = f"CONSUMER.RESET.{flow.stream}.{flow.consumer}"
    calls = {
        f"$JS.API.{reset}" if renamed else f"{flow.api}.{reset}": f"{flow.api}.{reset}",
        _flow_control(flow): _flow_control(flow),
    }
    messages = flow.deliver
    giver["exports"].append({"stream": messages, "accounts": [taker_name]})
    taker["imports"].append({"stream": {"account": giver_name, "subject": messages}})
    for call, known_as in calls.items():
        giver["exports"].append({"service": call, "accounts": [taker_name]})
        taker["imports"].append({"service": {"account": giver_name, "subject": call}, "to": known_as})


def _flow_control(flow: Flow) -> str:
    """How far the taker has come; the server makes the last token anew each time."""
    return f"$JS.FC.{flow.stream}.{flow.consumer}.*"


def _calls(flows: list[Flow]) -> list[str]:
    resets = [f"{flow.api}.CONSUMER.RESET.{flow.stream}.{flow.consumer}" for flow in flows]
    return resets + [_flow_control(flow) for flow in flows]


def _of_link(takes: list[Flow], sends: list[Flow]) -> Config:
    """What a region's end of the line may do at ours; the region's server is told, and keeps to it too."""
    replies = ["_R_.>", "_GR_.>"]
    return {
        "publish": {"allow": [flow.deliver for flow in takes] + _calls(sends) + replies},
        "subscribe": {"allow": [flow.deliver for flow in sends] + _calls(takes) + replies},
    }


def permissions(node: str, service: str) -> Config:
    """What one service may do in its node: speak as itself, hear, and keep the streams.

    What it may not: speak as another service, read another's replies, change or remove a stream, or make one that is
    not the node's. A consumer's name is one token, of which NATS cannot look at a part, so that a service can make and
    use consumers of any name on the node's four streams; what partner networks publish and what they are told, only
    partners reaches.
    """
    own = f"odh.{node}"
    spoken = [f"{own}.{reach}.{service}.>" for reach in ("shared", "local", "timer", "to.*", "dead")]
    kinds = ["shared", "local", "elsewhere", "dead"]
    if service == "partners":
        kinds += ["partners", "to-partner"]
        spoken.append(f"{own}.to-partner.*.{service}.>")
    streams = [f"odh-{node}-{kind}" for kind in kinds]
    calls = [
        call
        for stream in streams
        for call in (
            *(f"STREAM.{verb}.{stream}" for verb in ("INFO", "CREATE", "PURGE")),
            *(f"CONSUMER.{verb}.{stream}.>" for verb in ("CREATE", "INFO", "MSG.NEXT")),
            f"CONSUMER.DURABLE.CREATE.{stream}.>",
        )
    ]
    return {
        "publish": {
            "allow": [
                *spoken,
                f"{own}.local.chassis.>",  # an event was refused
                *(f"$JS.API.{call}" for call in ("INFO", *calls)),
                *(f"$JS.ACK.{stream}.>" for stream in streams),
            ]
        },
        "subscribe": {"allow": [f"_INBOX.{service}.>"]},
    }
