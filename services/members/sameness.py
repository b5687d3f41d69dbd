"""Whether two records are of one organisation, or of one person: for certain, perhaps, or not. Pure.

For certain means that they are merged without anybody looking, so it takes two things that agree: a number and a name,
a domain and a name, a whole name that few bear with its town. What agrees in less is for a person to decide.
How well it does: `./odh bench identity`.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from contracts.distance import km_between
from contracts.vocabulary import OrganisationKind
from services.members import names
from services.members.names import Likeness


class Verdict(StrEnum):
    """What is thought of two records."""

    CERTAIN = "certain"
    DOUBTFUL = "doubtful"
    DIFFERENT = "different"


class Judged(NamedTuple):
    """A verdict and what agreed, in the words that a page translates."""

    verdict: Verdict
    agrees: tuple[str, ...] = ()


class OrganisationFacts(NamedTuple):
    """What is compared of an organisation; `latitude` and `longitude` are of its town."""

    kind: OrganisationKind
    name: str
    place: str
    latitude: float
    longitude: float
    brin: str | None = None
    kvk: str | None = None
    website: str | None = None


class PersonFacts(NamedTuple):
    """What is compared of a person; `phone` in international form."""

    name: str
    email: str
    phone: str | None = None
    organisation_ids: frozenset[str] = frozenset()
    proven: bool = True
    """Whether who reads this address may read what is theirs: they followed a link to it, or to none at all."""


_SUREST = (Verdict.CERTAIN, Verdict.DOUBTFUL, Verdict.DIFFERENT)


#: How far an organisation moves and is still thought of as perhaps the same.
MOVED_KM_MAX = 40.0

_SHARED_DOMAINS = names.words(
    "gmail.example mail.example hotmail.example sites.example webpagina.example gmail.com googlemail.com "
    "hotmail.com outlook.com live.nl ziggo.nl kpnmail.nl planet.nl xs4all.nl home.nl icloud.com yahoo.com "
    "wordpress.com linkedin.com facebook.com google.com"
)
_SHARED_MAILBOXES = names.words(
    "info contact secretariaat administratie receptie directie kantoor stage stages stagebureau office hallo "
    "duurzaam duurzaamheid opleidingen bpv school team"
)


def judge_organisations(one: OrganisationFacts, other: OrganisationFacts) -> Judged:
    """Numbers first, then the domain, then name with place; a number that differs is never overruled unseen."""
    towns = (one.place, other.place)
    mine, theirs = names.organisation_name(one.name, towns), names.organisation_name(other.name, towns)
    like = names.likeness_of_organisations(mine, theirs)
    numbers = [(one.brin, other.brin, "brin"), (one.kvk, other.kvk, "kvk")]
    equal = [what for a, b, what in numbers if a and a == b]
    clash = [(a, b) for a, b, _ in numbers if a and b and a != b]
    mine_at, theirs_at = domain(one.website), domain(other.website)
    same_domain = mine_at is not None and mine_at == theirs_at
    same_place = one.place == other.place
    agrees = [*equal, *(["website"] if same_domain else []), *(["name"] if like >= Likeness.SPELLED else [])]
    agrees += ["place"] if same_place else []
    judged = Verdict.DIFFERENT
    if equal and clash:
        judged = Verdict.DOUBTFUL if like >= Likeness.SPELLED else Verdict.DIFFERENT
    elif equal:
        of_a_foundation = "brin" not in equal and one.kind == OrganisationKind.SCHOOL  # has one KVK number for many
        enough = like >= (Likeness.SPELLED if of_a_foundation else Likeness.PART) or ("brin" in equal and same_domain)
        sure = one.kind == other.kind and enough and not names.sorts_clash(mine, theirs)
        judged = Verdict.CERTAIN if sure else Verdict.DOUBTFUL
    elif clash:
        mistyped = all(names.OSA.distance(a, b) <= (1 if len(a) < 6 else 2) for a, b in clash)
        if mistyped and like >= Likeness.SPELLED and (same_domain or same_place):
            judged = Verdict.DOUBTFUL
    elif one.kind != other.kind:
        if like == Likeness.SAME and (same_domain or same_place) and not names.sorts_clash(mine, theirs):
            judged = Verdict.DOUBTFUL
    elif same_domain:
        judged = Verdict.CERTAIN if like >= Likeness.SPELLED else Verdict.DOUBTFUL
        if names.sorts_clash(mine, theirs):
            judged = Verdict.DOUBTFUL
    elif not names.sorts_clash(mine, theirs):
        apart = bool(mine_at and theirs_at) or not names.sorts_agree(mine, theirs)
        judged = _by_name_and_place(one, other, like, known_apart=apart)
    return Judged(judged, tuple(agrees))


def _by_name_and_place(
    one: OrganisationFacts, other: OrganisationFacts, like: Likeness, *, known_apart: bool
) -> Verdict:
    towns = (one.place, other.place)
    distinctive = names.is_distinctive(names.organisation_name(one.name, towns))
    if one.place == other.place:
        if like == Likeness.SAME and distinctive and not known_apart:
            return Verdict.CERTAIN
        return Verdict.DOUBTFUL if like >= Likeness.PART else Verdict.DIFFERENT
    near = km_between(one.latitude, one.longitude, other.latitude, other.longitude) <= MOVED_KM_MAX
    likely = like == Likeness.SAME or (like == Likeness.SPELLED and not known_apart)
    return Verdict.DOUBTFUL if near and distinctive and likely else Verdict.DIFFERENT


def judge_persons(one: PersonFacts, other: PersonFacts) -> Judged:
    """One mailbox of one person is certain, if both were proven to be read by whoever has what is theirs.

    Whoever is merged reads what the other was told. So a phone, a name within one organisation, or a mailbox that
    several read is for a person to decide, and a name alone is not even that when many bear it.
    """
    mine, theirs = names.person_name(one.name), names.person_name(other.name)
    given, surname = names.likeness_of_given(mine, theirs), names.likeness_of_surnames(mine, theirs)
    same_address = address(one.email) == address(other.email)
    same_phone = one.phone is not None and one.phone == other.phone and one.phone.startswith("+316")
    same_place = bool(one.organisation_ids & other.organisation_ids)
    agrees = [*(["email"] if same_address else []), *(["phone"] if same_phone else [])]
    agrees += ["name"] if given >= Likeness.SPELLED and surname >= Likeness.SPELLED else []
    agrees += ["organisation"] if same_place else []
    named = given >= Likeness.PART and surname >= Likeness.PART
    if same_address and not is_shared_mailbox(one.email):
        certain = may_share_an_address(one.name, other.name, one.email) and one.proven and other.proven
        judged = Verdict.CERTAIN if certain else Verdict.DOUBTFUL
    elif (named or given >= Likeness.SPELLED) and (same_address or same_phone):  # who married has another surname
        judged = Verdict.DOUBTFUL
    elif same_place:
        enough = named and given + surname > Likeness.PART * 2
        judged = Verdict.DOUBTFUL if enough else Verdict.DIFFERENT
    else:  # somebody who works elsewhere now, perhaps
        exact = given == Likeness.SAME and surname == Likeness.SAME and not names.is_common(mine)
        judged = Verdict.DOUBTFUL if exact else Verdict.DIFFERENT
    return Judged(judged, tuple(agrees))


def judge_faces(mine: Iterable[PersonFacts], theirs: Iterable[PersonFacts]) -> Judged:
    """Two persons, by whatever each of them is known by: the surest of all."""
    theirs = list(theirs)
    judged = [judge_persons(one, other) for one in mine for other in theirs]
    return min(judged, key=lambda one: (_SUREST.index(one.verdict), -len(one.agrees), one.agrees))


def may_share_an_address(one: str, other: str, email: str) -> bool:
    """Whether two names with one address are of one person. Who married is called otherwise; a stage@ is of several."""
    mine, theirs = names.person_name(one), names.person_name(other)
    given, surname = names.likeness_of_given(mine, theirs), names.likeness_of_surnames(mine, theirs)
    named = given >= Likeness.PART and surname >= Likeness.PART
    return named or (given >= Likeness.SPELLED and not is_shared_mailbox(email))


def organisation_keys(facts: OrganisationFacts) -> frozenset[str]:
    """What two records of one organisation nearly always share at least one of: only those are compared."""
    name = names.organisation_name(facts.name, (facts.place,))
    keys = {f"{what}:{number}" for what, number in (("brin", facts.brin), ("kvk", facts.kvk)) if number}
    if at := domain(facts.website):
        keys.add(f"domain:{at}")
    town = names.plain(facts.place)
    telling = [word for word in name.core if word not in names.TRADES or len(name.core) == 1]
    keys |= {f"town:{town}:{part}" for word in telling for part in (word[:4], f"-{word[-4:]}")}  # a slip is in one
    if len(name.core) >= 3:
        keys.add(f"town:{town}:{''.join(word[0] for word in name.core)[:4]}")
    return frozenset(keys | {f"name:{' '.join(sorted(name.core))}"})


def person_keys(facts: PersonFacts) -> frozenset[str]:
    """The same for persons: the address, the phone, and a part of the name within an organisation."""
    name = names.person_name(facts.name)
    keys = {f"email:{address(facts.email)}"} | ({f"phone:{facts.phone}"} if facts.phone else set())
    for organisation_id in facts.organisation_ids:
        keys |= {f"at:{organisation_id}:{surname[:4]}" for surname in name.surnames}
        keys |= {f"at:{organisation_id}:{given}" for given in name.given[:1] if len(given) > 1}
    if name.given and not names.is_common(name):
        keys.add(f"name:{name.given[0]} {' '.join(sorted(name.surnames))}")
    return frozenset(keys)


def domain(website: str | None) -> str | None:
    """The domain of a website or address, unless it is one that many share."""
    if not website:
        return None
    at = website.casefold().rpartition("@")[2].removeprefix("https://").removeprefix("http://")
    at = at.partition("/")[0].removeprefix("www.").strip(". ")
    return at if "." in at and at not in _SHARED_DOMAINS else None


def address(email: str) -> str:
    """An address without what its owner may add to it: capitals, as in `rules.email_key`, and a tag after a plus."""
    local, _, at = email.lower().partition("@")
    return f"{local.partition('+')[0]}@{at}"


def is_shared_mailbox(email: str) -> bool:
    """Whether several people read it, as far as its name tells: info@, stage@."""
    return email.casefold().partition("@")[0].partition("+")[0] in _SHARED_MAILBOXES
