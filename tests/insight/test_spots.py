"""Where something lacks and where something lies idle. Each test has a kind of its own: they share the provinces."""

from contracts.vocabulary import Kind, Theme
from tests.insight.conftest import a_request, an_offer, an_organisation


async def test_what_is_asked_where_nobody_offers_it_and_the_other_way_round(insight):
    alone = {"kind": Kind.SITE_VISIT}
    robots, nature = {"themes": (Theme.ROBOTISATION,)} | alone, {"themes": (Theme.BIODIVERSITY,)} | alone
    await insight.heard(
        insight.zeeland,
        *(a_request(**robots) for _ in range(7)),
        an_offer(place="Utrecht", **robots),
        *(an_offer(**nature) for _ in range(3)),
    )

    spots = await insight.asked("spots", region=insight.zeeland, **alone)
    (white,), (first, _) = spots["white"], spots["surplus"]
    assert (white["key"], white["province"], white["asked"]) == ("robotisation", "Zeeland", 5)
    assert (white["offered_elsewhere"], white["not_answered"]) == ("1-4", 5)
    assert (first["key"], first["province"], first["offered"]) == ("biodiversity", "Zeeland", "1-4")


async def test_nobody_else_is_nobody_in_the_whole_country_whichever_part_of_it_is_looked_at(insight):
    alone = {"kind": Kind.EQUIPMENT}
    both = {"themes": (Theme.ROBOTISATION, Theme.BIODIVERSITY)} | alone
    await insight.heard(insight.zeeland, an_organisation(), a_request(**both))
    await insight.heard(insight.utrecht, an_offer(place="Utrecht", themes=(Theme.ROBOTISATION,), **alone))
    await insight.heard(insight.utrecht, an_offer(place="Goes", themes=(Theme.BIODIVERSITY,), **alone))

    zeeland = {"region": insight.zeeland}
    parts = ({}, zeeland, {"province": "Zeeland"}, {"network": "katapult"}, {"theme": "robotisation"})
    whites = [(await insight.exactly("spots", **alone, **part))["white"] for part in parts]
    (left,) = (await insight.exactly("spots", region=insight.utrecht, province="Utrecht", **alone))["surplus"]

    told = ("key", "province", "asked", "offered_elsewhere")
    assert [[tuple(one[name] for name in told) for one in white] for white in whites] == [
        [("robotisation", "Zeeland", 1, 1)]  # what another region offers in Zeeland is to be found there
    ] * len(parts)
    assert (left["key"], left["asked_elsewhere"]) == ("robotisation", 1)
