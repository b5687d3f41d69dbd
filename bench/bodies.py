"""What is asked in the trials: questions as people ask them, in Dutch, all invented, each unlike the others."""

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

from bench.load import NUMBER
from chassis.identity import Identity, sign_identity
from contracts.event import new_id
from contracts.members import Place
from contracts.requests import RequestPlaced
from contracts.vocabulary import Kind, Language, Status, Theme

_TITLES = (
    "Wie laat onze studenten een warmtepomp van binnen zien",
    "Gastles over hergebruik van bouwmateriaal gezocht",
    "Praktijkopdracht voor tweedejaars mechatronica",
    "Stageplek bij een bedrijf dat zelf zonnepanelen repareert",
    "Hoe geven wij les over biodiversiteit in de bedrijfstuin",
)
_SENTENCES = (
    "Onze klas van het derde jaar werkt dit najaar aan een project over energie in de wijk.",
    "We zoeken een bedrijf in de buurt dat een middag wil laten zien hoe het in de praktijk gaat.",
    "De studenten bereiden zelf de vragen voor en maken er een verslag en een korte film van.",
    "Materiaal en vervoer regelen wij; een begeleider van school is er altijd bij.",
    "Liefst bij iemand die ook wil vertellen wat er mislukte, want daar leren ze het meest van.",
    "Het mag klein zijn: één installatie, één machine of één dak is genoeg.",
    "Wie weet is er daarna een opdracht uit te halen waar het bedrijf zelf iets aan heeft.",
)
_THEMES = (Theme.ENERGY_TRANSITION, Theme.CIRCULAR_ECONOMY, Theme.SUSTAINABLE_BUILDING, Theme.BIODIVERSITY)
_KINDS = (Kind.GUEST_LESSON, Kind.SITE_VISIT, Kind.PRACTICE_ASSIGNMENT, Kind.INTERNSHIP)
_TOWNS = (
    ("Utrecht", "Utrecht", 52.09, 5.12),
    ("Amersfoort", "Utrecht", 52.16, 5.39),
    ("Zeist", "Utrecht", 52.09, 5.23),
)


def drafts(seed: int) -> list[str]:
    """The bodies of sixteen different POSTs, each with a place for the number of the call."""
    chance = random.Random(seed)
    return [json.dumps(_draft(chance), ensure_ascii=False) for _ in range(16)]


def _draft(chance: random.Random) -> dict[str, Any]:
    return {
        "kind": chance.choice(_KINDS),
        "themes": sorted(chance.sample(_THEMES, 2)),
        "title": f"{chance.choice(_TITLES)} ({NUMBER})",
        "text": " ".join(chance.sample(_SENTENCES, 5)) + f" Kenmerk {NUMBER}.",
        "language": "nl",
        "place": {"name": chance.choice(_TOWNS)[0]},
        "reach_km": chance.choice((10, 25, 50)),
        "participants": chance.randint(4, 28),
        "mbo_level": chance.randint(2, 4),
    }


def a_request(seed: int, mark: str) -> str:
    """The body of a request, or of the offer that answers it, with a mark and the number of the call in its title."""
    draft = _draft(random.Random(seed)) | {
        "kind": Kind.GUEST_LESSON,
        "themes": [Theme.ENERGY_TRANSITION],
        "mbo_level": 3,
    }
    return json.dumps(draft | {"title": f"{_TITLES[0]} ({mark} {NUMBER})", "reach_km": 50}, ensure_ascii=False)


def placed(seed: int, count: int) -> list[RequestPlaced]:
    """So many requests as the events that tell of them."""
    chance = random.Random(seed)
    now = datetime.now(UTC)
    return [_placed(chance, number, now) for number in range(count)]


def _placed(chance: random.Random, number: int, now: datetime) -> RequestPlaced:
    draft = _draft(chance)
    town, province, latitude, longitude = chance.choice(_TOWNS)
    return RequestPlaced(
        request_id=new_id(),
        member_id=new_id(),
        organisation_id=new_id(),
        kind=draft["kind"],
        themes=tuple(draft["themes"]),
        title=draft["title"].replace(NUMBER, f"{number:08d}"),
        text=draft["text"].replace(NUMBER, f"{number:08d}"),
        language=Language.DUTCH,
        place=Place(name=town, province=province, latitude=latitude, longitude=longitude),
        reach_km=draft["reach_km"],
        participants=draft["participants"],
        mbo_level=draft["mbo_level"],
        status=Status.OPEN,
        expires_at=now + timedelta(days=90),
    )


def identities(key: Any, *, node: str, audience: str, count: int) -> list[dict[str, str]]:
    """The headers with which so many different members call a service, as the gateway would send them."""
    now = datetime.now(UTC)
    found = []
    for _ in range(count):
        who = Identity(member_id=new_id(), organisation_ids=(new_id(),))
        token = sign_identity(key, who, node=node, audience=audience, now=now)
        found.append({"Authorization": f"Bearer {token}"})
    return found
