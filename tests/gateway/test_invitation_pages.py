"""To invite and to be invited: a form, a mail, a link and one button."""

from random import randrange

import pytest

from contracts.members import InvitationMade
from contracts.vocabulary import Language
from services.gateway.pages.words import moment, say
from tests.gateway.conftest import a_join
from tests.gateway.test_pages import goes_on, heading, parsed, press, shown, well_made
from tests.given import fresh_name

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}


@pytest.fixture
async def team(street):
    """Somebody of the node's team, at a browser."""
    return await street.signed_in("team@omdehoek.example", street.visitor(**BROWSER))


async def token_for(street, email):
    """The token of the invitation that was mailed to an address."""
    return next(event.token for event in await street.members.said(InvitationMade) if event.email == email)


async def test_somebody_is_invited_and_takes_part_with_the_link_and_one_button(street, team):
    email, browser = f"{fresh_name('iris')}@lindebeek.example", street.visitor(**BROWSER)
    member = await street.member(organisation=a_join()["organisation"])
    of = (await member.get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]

    looked_up = await press(
        team, await team.get("/invitations"), "find", email=email, name="Iris Bakker", organisation=of["name"]
    )
    well_made(looked_up, "nl")
    sent = await press(team, looked_up, "invite", organisation_id=of["organisation_id"])
    listed = await team.get(sent.headers["location"])
    assert ("De uitnodiging is verstuurd." in listed.text, email in listed.text) == (True, True)

    token = await token_for(street, email)
    page = await browser.get("/invited", params={"token": token})
    assert heading(page) == "Je bent uitgenodigd"
    well_made(page, "nl")
    lost = await press(street.visitor(**BROWSER), page, "accept", organisation_id=of["organisation_id"])
    entered = await press(browser, page, "accept", organisation_id=of["organisation_id"])

    # The browser of who presses twice throws the first answer away.
    assert lost.headers["location"] == entered.headers["location"]
    assert await goes_on(browser, entered) == "/?done=joined"
    assert "Welkom! Je bent nu lid." in (await browser.get("/?done=joined")).text
    me = (await browser.get("/api/v1/members/me")).json()
    assert (me["name"], me["email"]) == ("Iris Bakker", email)
    assert [one["organisation"]["name"] for one in me["affiliations"]] == [of["name"]]
    gone = await browser.get("/invited", params={"token": token})
    assert (gone.status_code, heading(gone)) == (404, "Deze uitnodiging werkt niet meer")
    links = {shown(one): one.get("href") for one in next(parsed(gone).iter("main")).iter("a")}
    assert ("Je doet al mee en bent ingelogd" in gone.text, links) == (True, {"Ga verder": "/"})
    assert "Doet mee" in (await team.get("/invitations")).text


async def test_the_team_sees_what_an_ambassador_invited_and_takes_it_back_and_another_ambassador_does_not(street, team):
    name, email = fresh_name("Amir").replace("-", " "), f"{fresh_name('iris')}@lindebeek.example"
    amir, other = [await street.member(name=one) for one in (name, "Sanne")]
    for one in (amir, other):
        member_id = await street.member_id(one)
        made = await team.put(f"/api/v1/ambassadors/{member_id}", json={"provinces": ["Utrecht"]})
        assert made.status_code == 200, made.text
        street.gateway.service.app.state.gateway.identities.forget(member_id)
        one.headers.update(BROWSER)
    await press(amir, await amir.get("/invitations"), "invite", email=email)

    page = await team.get("/invitations")
    theirs = {shown(one): one.get("href") for one in parsed(page).iter("a")}
    revoked = await press(team, page, f"Trek in: {email}")

    well_made(page, "nl")
    assert theirs[name] == f"/members/{await street.member_id(amir)}"
    assert revoked.headers["location"] == "/invitations?done=revoked"
    assert "Ingetrokken" in (mine := (await amir.get("/invitations")).text)
    assert ("Je uitnodigingen" in mine, "Uitgenodigd door" in mine) == (True, False)
    assert "Ingetrokken" not in (await other.get("/invitations")).text


async def test_who_invites_somebody_once_more_reads_what_became_of_it(street, team):
    email = f"{fresh_name('iris')}@lindebeek.example"
    page = await team.get("/invitations")
    pressed = [await press(team, page, "invite", email=email) for _ in range(2)]
    assert {one.headers["location"] for one in pressed} == {"/invitations?done=invited"}  # one, pressed twice

    async def once_more():
        answer = await press(team, await team.get("/invitations"), "invite", email=email, provinces="Zeeland")
        follows = await team.get(answer.headers["location"]) if answer.status_code == 303 else answer
        return answer.status_code, shown(well_made(follows, "nl"))

    status, told_then = await once_more()
    assert (status, "Je had dit adres al uitgenodigd." in told_then) == (303, True)
    assert "De uitnodiging is verstuurd." not in told_then
    for expected, words in ((303, "De uitnodiging is verstuurd."), (429, "al twee uitnodigingen")):
        await press(team, await team.get("/invitations"), f"Trek in: {email}")
        status, told_then = await once_more()
        assert (status, words in told_then) == (expected, True)
    assert [event.email for event in await street.members.said(InvitationMade)].count(email) == 2


async def test_until_when_it_works_is_said_to_the_hour_at_which_it_was_made(street, team):
    email = f"{fresh_name('sem')}@lindebeek.example"
    await press(team, await team.get("/invitations"), "invite", email=email)
    (made,) = [event for event in await street.members.said(InvitationMade) if event.email == email]

    until = moment(made.expires_at.isoformat(), Language.DUTCH)

    assert f"Werkt tot {until}." in shown(well_made(await team.get("/invitations"), "nl"))


@pytest.mark.parametrize("signed_in", [False, True])
async def test_who_was_invited_and_takes_part_already_is_asked_to_sign_in(street, team, signed_in):
    email, browser = f"{fresh_name('iris')}@lindebeek.example", street.visitor(**BROWSER)
    await press(team, await team.get("/invitations"), "invite", email=email)
    page = await browser.get("/invited", params={"token": await token_for(street, email)})
    member = await street.member(email=email)
    of = (await member.get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]["organisation_id"]

    answer = await press(member if signed_in else browser, page, "accept", name="Iris", organisation_id=of)

    if signed_in:
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
    else:
        assert "Je doet al mee" in shown(well_made(answer, "nl"))
        assert (await browser.get("/api/v1/members/me")).status_code == 401


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_pages_are_well_made_and_what_is_wrong_is_told(street, team, language):
    page = await team.get("/invitations", params={"taal": language})
    well_made(page, language)
    wrong = await press(team, page, "invite", email="geen adres")
    nobody = await press(team, page, "invite", email="")
    for refused in (wrong, nobody):
        assert refused.status_code == 422
        assert say("wrong.invite-email", Language(language)) in shown(well_made(refused, language))
    email = f"{fresh_name('sem')}@lindebeek.example"
    sent = await press(team, page, "invite", email=email, provinces="Zeeland")
    listed = well_made(await team.get(sent.headers["location"]), language)
    browser = street.visitor(**BROWSER)
    token = await token_for(street, email)
    invited = await browser.get("/invited", params={"token": token, "taal": language})
    assert "bassad" in shown(next(well_made(invited, language).iter("main")))
    empty = await press(browser, invited, "accept")
    assert empty.status_code == 422
    well_made(empty, language)

    button = next(s for one in listed.iter("button") if email in (s := shown(one)))
    back = await press(team, await team.get("/invitations", params={"taal": language}), button)
    assert back.headers["location"] == "/invitations?done=revoked"
    gone = await browser.get("/invited", params={"token": token, "taal": language})
    assert gone.status_code == 404
    well_made(gone, language)


async def test_an_organisation_that_is_not_known_is_left_to_who_is_invited_and_that_is_said(street, team):
    email, unknown = f"{fresh_name('iris')}@lindebeek.example", fresh_name("Nergenshuis")
    words = {"en": "Leave it empty: they fill it in themselves.", "nl": "Laat het leeg: diegene vult het zelf in."}

    for language, told in words.items():
        asked = {"organisation": unknown, "for": "invite", "taal": language}
        part = await team.get("/join/organisations", params=asked)
        assert (told in part.text, 'type="radio"' in part.text) == (True, False)
    looked_up = await press(team, await team.get("/invitations"), "find", email=email, organisation=unknown)
    typed = await press(team, looked_up, "invite")
    as_new = await press(team, looked_up, "invite", organisation_id="new")

    assert ('type="radio"' in looked_up.text, "We voegen deze naam toe" in looked_up.text) == (False, False)
    for refused in (typed, as_new):
        assert refused.status_code == 422
        assert "Kies de organisatie uit de lijst, of laat het leeg" in shown(well_made(refused, "nl"))
    assert email not in [event.email for event in await street.members.said(InvitationMade)]


async def test_who_looks_an_organisation_up_before_anything_else_is_not_told_that_the_rest_is_missing(team):
    looked_up = await press(team, await team.get("/invitations"), "find", organisation="a")

    assert (looked_up.status_code, 'role="alert"' in looked_up.text) == (200, False)


def told(page):
    """What the page says is wrong at the top, with the field where each leads."""
    read = well_made(page, "nl")
    return {
        one.get("href"): shown(one) for box in read.iter("div") if box.get("role") == "alert" for one in box.iter("a")
    }


async def test_a_number_that_is_known_chooses_the_organisation_that_has_it(street):
    number, browser = f"{randrange(10**8):08}", street.visitor(**BROWSER)
    company = a_join()["organisation"] | {"kind": "company", "kvk": number}
    await street.member(organisation=company)
    filled_in = {"name": "Sem", "email": f"{fresh_name('sem')}@warmtewerk.example", "consent": "yes"}
    new = {"organisation": "Warmte", "organisation_id": "new", "kind": "company", "place": "Houten", "number": number}

    known = await press(browser, await browser.get("/join"), "join", **(filled_in | new))

    words = say("wrong.organisation-exists", Language.DUTCH)
    assert (known.status_code, told(known)) == (422, {"#organisation": words})
    (of,) = [one for one in parsed(known).iter("input") if one.get("checked") == "" and one.get("type") == "radio"]
    assert company["name"] in known.text
    joined = await press(browser, known, "join", **(filled_in | new | {"organisation_id": str(of.get("value"))}))
    assert (joined.status_code, filled_in["email"] in joined.text) == (200, True)


async def test_what_who_was_invited_forgot_is_told_without_a_link_that_calls_the_invitation_gone(street, team):
    email, browser = f"{fresh_name('iris')}@lindebeek.example", street.visitor(**BROWSER)
    await press(team, await team.get("/invitations"), "invite", email=email)
    page = await browser.get("/invited", params={"token": await token_for(street, email)})

    refused = await press(browser, page, "accept", name="Iris Bakker")

    assert (refused.status_code, heading(refused)) == (422, "Je bent uitgenodigd")
    links = [[one for one in well_made(seen, "nl").iter("a") if one.get("lang")] for seen in (page, refused)]
    assert [len(one) for one in links] == [1, 0]


async def test_a_new_organisation_without_a_name_is_asked_for_its_name_first(street):
    browser = street.visitor(**BROWSER)

    nameless = await press(browser, await browser.get("/join"), "join", organisation_id="new", name="Sem")

    assert "#organisation" in told(nameless)
    assert {"#kind", "#place", "#number"}.isdisjoint(told(nameless))  # these are not seen without a name


async def test_a_wrong_telephone_number_of_who_was_invited_is_unfolded(street, team):
    email, browser = f"{fresh_name('sem')}@warmtewerk.example", street.visitor(**BROWSER)
    await press(team, await team.get("/invitations"), "invite", email=email)
    page = await browser.get("/invited", params={"token": await token_for(street, email)})
    of = (await (await street.member()).get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]

    refused = await press(browser, page, "accept", name="Sem", organisation_id=of["organisation_id"], phone="nul zes")

    assert (refused.status_code, list(told(refused))) == (422, ["#phone"])
    folded = [list(well_made(each, "nl").iter("details"))[-1].get("open") for each in (page, refused)]
    assert folded == [None, ""]


async def enter(browser, page, **filled_in):
    """Presses Enter in a field of the form where somebody's organisation is asked."""
    (step,) = {one.get("value") for one in parsed(page).iter("button") if one.get("class") == "on-enter"}
    return await press(browser, page, step, **filled_in)


async def test_enter_goes_on_when_the_organisation_that_was_typed_is_chosen(street, team):
    email, browser = f"{fresh_name('iris')}@lindebeek.example", street.visitor(**BROWSER)
    of = (await (await street.member()).get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]
    await press(team, await team.get("/invitations"), "invite", email=email, name="Iris Bakker")
    page = await browser.get("/invited", params={"token": await token_for(street, email)})

    found = await enter(browser, page, organisation=of["name"])
    unchosen = await enter(browser, found, organisation_id="")
    others = await enter(browser, found, organisation=fresh_name("Anders"), organisation_id="new")
    another = await enter(browser, others, organisation=of["name"], organisation_id=of["organisation_id"])
    unnamed = await enter(browser, found, organisation_id=of["organisation_id"], name="")
    entered = await enter(browser, found, organisation_id=of["organisation_id"])

    for looked_up in (found, unchosen, others, another):  # the list has the keyboard, and nothing is called wrong
        (at,) = (one.get("id") for one in well_made(looked_up, "nl").iter() if one.get("autofocus") is not None)
        assert (looked_up.status_code, at) == (200, "found")
    assert of["name"] in shown(next(one for one in parsed(found).iter("label") if "organisation-" in one.get("for")))
    assert (unnamed.status_code, list(told(unnamed)), entered.status_code) == (422, ["#name"], 303)


@pytest.mark.parametrize("path", ["/join", "/invitations", "/my-data/change", "/members/{}"])
async def test_enter_looks_up_the_organisation_that_was_typed(street, team, path):
    browser = street.visitor(**BROWSER) if path == "/join" else team
    page = await browser.get(path.format(await street.member_id(await street.member())))

    looked_up = await enter(browser, page, organisation="a")

    assert (looked_up.status_code, 'role="alert"' in looked_up.text) == (200, False)
    assert "organisation_id" in [one.get("name") for one in well_made(looked_up, "nl").iter("input")]


async def test_an_ordinary_member_invites_nobody(street):
    member = await street.member()
    assert (await member.get("/invitations", headers=BROWSER)).status_code == 403
    assert (await street.visitor(**BROWSER).get("/invitations")).status_code == 303


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_who_reads_an_invitation_of_another_address_is_told_whose_it_is(street, team, language):
    email = f"{fresh_name('iris')}@lindebeek.example"
    await press(team, await team.get("/invitations"), "invite", email=email)
    told = {"token": await token_for(street, email), "taal": language}
    tomasz = await street.member(name="Tomasz Nowak", email=f"{fresh_name('tomasz')}@vechtdal.example")
    own = (await tomasz.get("/api/v1/members/me")).json()["email"]

    as_tomasz = shown(well_made(await tomasz.get("/invited", params=told, headers=BROWSER), language))
    as_nobody = well_made(await street.visitor(**BROWSER).get("/invited", params=told), language)

    assert say("invited.signed-in", Language(language), name="Tomasz Nowak", email=own, invited=email) in as_tomasz
    links = {shown(one): one.get("href") for one in next(as_nobody.iter("main")).iter("a")}
    assert links[say("invited.join", Language(language))] == "/join"
    assert say("invited.not-yours", Language(language), email=email) in shown(as_nobody)
