"""What an event of a partner says, as we tell it to the service whose it is."""

from collections.abc import Iterator, Mapping
from typing import Any

from chassis import Input
from contracts.members import AmbassadorScope
from contracts.partners import AmbassadorTold, OrganisationTold, PersonTold, PropositionTold, Thing
from contracts.vocabulary import OrganisationKind, Side
from services.partners.inputs import AmbassadorData, CentreData, OrganisationData, PersonData, TipData
from services.partners.rules import KINDS
from services.partners.tables import Record

Told = OrganisationTold | PersonTold | AmbassadorTold | PropositionTold


def references(data: Input) -> Iterator[tuple[Thing, str]]:
    """The partner's own ids that the data refers to."""
    if isinstance(data, PersonData):
        yield Thing.ORGANISATION, data.organisation
    elif isinstance(data, AmbassadorData):
        yield Thing.PERSON, data.person
        yield from ((Thing.ORGANISATION, one) for one in data.organisations)
    elif isinstance(data, TipData):
        yield Thing.PERSON, data.person
        if data.organisation:
            yield Thing.ORGANISATION, data.organisation


def person_of(data: Input | None) -> str | None:
    """The partner's own id of whose it is, by what it says; none when it is nobody's."""
    return data.person if isinstance(data, AmbassadorData | TipData) else None


def told(kind: str, data: Input, known: Mapping[tuple[Thing, str], Record], about: dict[str, Any]) -> Told:
    """The event that tells it; `known` are the records that it refers to."""
    if isinstance(data, CentreData):
        return _organisation(data, about)
    if isinstance(data, PersonData):
        own = known[Thing.ORGANISATION, data.organisation].known_as
        return PersonTold(**data.model_dump(exclude={"organisation"}), organisation_id=own, **about)
    if isinstance(data, AmbassadorData):
        scope = AmbassadorScope(
            organisation_ids=tuple(str(known[Thing.ORGANISATION, one].known_as) for one in data.organisations),
            provinces=data.provinces,
            themes=data.themes,
        )
        return AmbassadorTold(member_id=known[Thing.PERSON, data.person].known_as, scope=scope, **about)
    assert isinstance(data, TipData)
    return _proposition(kind, data, known, about)


def _organisation(data: CentreData, about: dict[str, Any]) -> OrganisationTold:
    kind = data.kind if isinstance(data, OrganisationData) else OrganisationKind.CENTRE
    words = data.model_dump(exclude={"kind", "place"})
    return OrganisationTold(kind=kind, place=data.place.found(), **words, **about)


def _proposition(
    kind: str, data: TipData, known: Mapping[tuple[Thing, str], Record], about: dict[str, Any]
) -> PropositionTold:
    person = known[Thing.PERSON, data.person]
    of = known[Thing.ORGANISATION, data.organisation].known_as if data.organisation else person.organisation_id
    words = {"kind": KINDS.get(kind)} | data.model_dump(exclude={"person", "organisation", "place"})
    return PropositionTold(
        side=Side.REQUEST if kind == "question" else Side.OFFER,
        member_id=person.known_as,
        organisation_id=of,
        place=data.place.found(),
        **words,
        **about,
    )
