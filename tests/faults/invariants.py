"""What must hold when a storm is over and nobody moves any more; each finds what does not, in words.

The numbers are those of the table of faults: I1 nothing lost, I3 nothing told twice, and so on.
"""

from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from node.links.register import NATIONAL
from services.notify.asking import ASKING_VALUES
from tests.faults.cluster import Cluster, Site
from tests.faults.people import People
from tests.faults.unmatched import all_proposed

Found = AsyncIterator[str]
Counts = Iterable[object] | Mapping[str, int]

EXAMPLES_MAX = 5


async def broken(cluster: Cluster, people: Sequence[People]) -> list[str]:
    """All that does not hold; nothing, when all is well."""
    found = []
    for holds in (
        placed_once,
        same_everywhere,
        brought_once,
        matches_agree,
        one_match_a_pair,
        all_proposed,
        mailed_once,
        all_handled,
        nothing_leaked,
    ):
        found += [f"{holds.__name__}: {what}" async for what in holds(cluster, people)]
    return found


async def placed_once(cluster: Cluster, people: Sequence[People]) -> Found:
    """I1, I5: what was acknowledged is there once and was said once, and nothing is there that nobody asked for."""
    for one in people:
        rows = await one.site.look.rows("requests", "SELECT proposition_id AS id, side FROM proposition")
        for side, acknowledged in (("request", one.requests), ("offer", one.offers)):
            kept = [row["id"] for row in rows if row["side"] == side]
            for what in different(f"{side}s in {one.site.name}", acknowledged, kept):
                yield what
            said = Counter[str]()
            for subject, count in (await subjects(one.site, "shared")).items():
                if f".{side}-placed." in subject:
                    said[subject.rpartition(".")[2]] += count
            for what in different(f"{side}s said in {one.site.name}", acknowledged, said.elements()):
                yield what


_KEPT = "SELECT proposition_id AS id, version, status, side FROM proposition"


async def same_everywhere(cluster: Cluster, people: Sequence[People]) -> Found:
    """I1, I6: who heard of a request or an offer knows its newest version, and everybody knows as many.

    A node that was put back counts on from higher versions, of which only its neighbours need hear. What it lost, they
    know as withdrawn.
    """
    for one in people:
        own = {tuple(row) for row in await one.site.look.rows("requests", _KEPT)}
        hearers: list[tuple[Site, str | None]] = [(one.site, None)]
        hearers += [(site, one.site.name) for site in (cluster.regions if one.site is cluster.hub else [cluster.hub])]
        for hearer, node in hearers:
            told = {row[:3] for row in own if node != NATIONAL or row[3] == "offer"}
            heard = {tuple(row) for row in await hearer.look.rows("matching", _HEARD, node)}
            if one.site.is_restored and node:
                known = {row[0] for row in told}
                heard = {row for row in heard if row[0] in known or row[2] != "withdrawn"}
            if one.site.is_restored and not node:
                told, heard = ({(row[0], row[2]) for row in rows} for rows in (told, heard))
            for what in different(f"what {one.site.name} has and matching in {hearer.name} knows", told, heard):
                yield what


_HEARD = "SELECT proposition_id, version, status FROM proposition WHERE node IS NOT DISTINCT FROM $1"


async def brought_once(cluster: Cluster, people: Sequence[People]) -> Found:
    """I1, I3: each stream has what the others said, as often as they said it.

    What a node that was put back had said before comes a second time, and what it lost was heard all the same.
    """
    there = await subjects(cluster.hub, "elsewhere")
    said_here = await subjects(cluster.hub, "shared")
    for region in cluster.regions:
        said = await subjects(region, "shared")
        came = {subject: count for subject, count in there.items() if subject.startswith(f"odh.{region.name}.")}
        is_again = cluster.hub.is_restored or region.is_restored
        for what in different(f"what {region.name} said and came to the hub", said, came, is_again=is_again):
            yield what
        to_region = {
            subject: count
            for subject, count in (said_here | there).items()
            if subject.split(".")[3:2:-1] == [region.name]
            or (subject.startswith(f"odh.{NATIONAL}.shared.") and subject.split(".")[3] in ("requests", "members"))
        }
        heard = await subjects(region, "elsewhere")
        for what in different(f"what was for {region.name} and came there", to_region, heard, is_again=is_again):
            yield what


async def matches_agree(cluster: Cluster, people: Sequence[People]) -> Found:
    """I2, I6: a match of two nodes is known to both, and both know it as its owner does.

    A yes that crosses the other's no is kept where it was said, and is no matter any more to the owner. What a node
    that was put back lost, nobody goes on with.
    """
    statement = """
        SELECT match_id, state, coalesce(told_version, version) AS version,
            CASE WHEN state = 'introduced' THEN asker_accepted END AS asker_accepted,
            CASE WHEN state = 'introduced' THEN offerer_accepted END AS offerer_accepted,
            owner, asker_node, offerer_node FROM match"""
    known = {site.name: await site.look.rows("matching", statement) for site in cluster.sites}
    owned = {row["match_id"]: (name, row) for name, rows in known.items() for row in rows if row["owner"] is None}
    for name, (owner, row) in owned.items():
        if row["state"] in ("proposed", "endorsed"):
            yield f"match {name} of {owner} still waits: {row['state']}"
        for node in {row["asker_node"], row["offerer_node"]} - {None}:
            copies = [tuple(one)[1:5] for one in known[node] if one["match_id"] == name]
            if copies != [tuple(row)[1:5]] and not (copies == [] and cluster.site(node).is_restored):
                yield f"match {name} of {owner} is {tuple(row)[1:5]}, at {node} {copies}"
    for site, rows in known.items():
        for row in rows:
            owner, is_known = row["owner"], row["match_id"] in owned
            goes_on = row["state"] in ("proposed", "endorsed")
            if owner and not is_known and (goes_on or not cluster.site(owner).is_restored):
                yield f"a copy in {site} of match {row['match_id']} ({row['state']}), which {owner} does not know"


async def one_match_a_pair(cluster: Cluster, people: Sequence[People]) -> Found:
    """I2: nobody is introduced twice by the same request and offer, in whatever node."""
    pairs = Counter[tuple[str, str]]()
    for site in cluster.sites:
        statement = "SELECT request_id, offer_id FROM match WHERE owner IS NULL AND state = 'introduced'"
        pairs.update((row["request_id"], row["offer_id"]) for row in await site.look.rows("matching", statement))
    for pair, count in pairs.items():
        if count > 1:
            yield f"{pair} were introduced {count} times"


_NOTICES = "SELECT notification_id, member_id, template, matter_id, status FROM notification"


async def mailed_once(cluster: Cluster, people: Sequence[People]) -> Found:
    """I3: each notice went out once, and everybody who was introduced had their mail.

    A service that is killed between the mail server's yes and its mark sends one mail again, under the same Message-ID.
    What asks somebody who has answered meanwhile goes no more; it may have gone, when it was in doubt.
    """
    for site in cluster.sites:
        sent = await site.look.message_ids()
        rows = await site.look.rows("notify", _NOTICES)
        wanted = {row["notification_id"] for row in rows if row["status"] == "sent"}
        asks = {row["notification_id"] for row in rows if row["template"] in ASKING_VALUES["asking"]}
        over = {row["notification_id"] for row in rows if row["status"] == "expired"} & asks
        for row in rows:
            if row["status"] != "sent" and row["notification_id"] not in over:
                yield f"a mail in {site.name} is {row['status']}: {row['template']}"
        went = set(sent) - over
        # What went out after a backup, and is not known any more, went out all the same.
        for what in different(f"mails of {site.name}", wanted, went if site.mailed_before is None else wanted & went):
            yield what
        for what in sent_again(site, sent):
            yield what
        statement = """
            SELECT match_id, asker_id, offerer_id, asker_node, offerer_node FROM match WHERE state = 'introduced'"""
        introduced = [
            (row["match_id"], row[f"{side}_id"])
            for row in await site.look.rows("matching", statement)
            for side in ("asker", "offerer")
            if row[f"{side}_node"] is None
        ]
        told = [(row["matter_id"], row["member_id"]) for row in rows if row["template"] == "introduction"]
        for what in different(f"introductions in {site.name}", introduced, told):
            yield what


def sent_again(site: Site, sent: Counter[str]) -> list[str]:
    """Mails that went more often than they may."""
    again = {name: count - 1 for name, count in sent.items() if count > 1}
    may = sum(site.killed.get(part, 0) for part in ("notify", "postgres", "mail"))
    if site.mailed_before is not None:  # what went out after the backup goes again, when it is done again
        again = {name: count for name, count in again.items() if name in site.mailed_before}
    if sum(again.values()) > may:
        return [f"{sum(again.values())} mails of {site.name} went twice, and notify was killed {may} times"]
    return []


async def all_handled(cluster: Cluster, people: Sequence[People]) -> Found:
    """I7: no dead letter, no refusal between services, and nobody died who was not killed."""
    for site in cluster.sites:
        for message in await site.look.messages("dead"):
            headers = message.headers or {}
            yield f"a dead letter in {site.name}: {headers.get('Odh-Subject')} {headers.get('Odh-Reason')}"
        for name, part in site.node.parts.items():
            if not part.is_alive:
                yield f"{name} in {site.name} died by itself"


async def nothing_leaked(cluster: Cluster, people: Sequence[People]) -> Found:
    """I9: what is personal is in its own node alone; of those who met, sealed. Looked for in the very files."""
    for one in people:
        for site in cluster.sites:
            files = [file for file in (site.node.nats.data / "store").rglob("*") if file.is_file()]
            held = {file: file.read_bytes() for file in files}
            for word in one.canaries:
                found = [file.name for file, content in held.items() if word.encode() in content]
                if found and site is not one.site:
                    yield f"{word} of {one.site.name} is in {found} of the broker of {site.name}"
                elif not found and site is one.site:
                    yield f"{word} was not even found in its own node: this looks in the wrong place"


async def subjects(site: Site, kind: str) -> dict[str, int]:
    """How many messages a stream has on each subject."""
    return await site.look.subjects(kind)


def different(what: str, should: Counts, found: Counts, *, is_again: bool = False) -> list[str]:
    """How two multisets differ, with examples; `is_again`: more may have come, and more often."""
    wanted, there = Counter(should), Counter(found)
    if is_again:
        wanted, there = Counter(set(wanted)), Counter(set(wanted) & set(there))
    told = []
    for name, few in (("missing", wanted - there), ("too many", there - wanted)):
        if few:
            some = ", ".join(map(str, list(few)[:EXAMPLES_MAX]))
            told.append(f"{what}: {few.total()} of {wanted.total()} {name}: {some}")
    return told
