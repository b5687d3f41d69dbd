"""What members decides: numbers, addresses, names, links, who may do what."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Identity
from contracts.members import AmbassadorScope
from contracts.vocabulary import OrganisationKind, Role
from services.members import rules
from services.members.pressing import is_pressed_twice
from services.members.rules import MemberNotFound, MemberStatus, OrganisationNotYours, SignInLinkInvalid

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(("typed", "number"), [("25PJ", "25PJ"), (" 25pj ", "25PJ"), ("25 PJ", "25PJ")])
def test_a_brin_number_is_two_digits_and_two_letters(typed, number):
    assert rules.brin(typed) == number


@pytest.mark.parametrize("typed", ["", "25P", "2PJ5", "PJ25", "25PJ00", "25P1", "\u0662\u0665PJ", "25PJX"])
def test_anything_else_is_no_brin_number(typed):
    with pytest.raises(ValueError, match="two digits and two letters"):
        rules.brin(typed)


@pytest.mark.parametrize(("typed", "number"), [("30123456", "30123456"), ("01 23 45 67", "01234567")])
def test_a_kvk_number_is_eight_digits(typed, number):
    assert rules.kvk(typed) == number


@pytest.mark.parametrize("typed", ["", "3012345", "301234567", "00000000", "3012345a", "\u0663" * 8])
def test_anything_else_is_no_kvk_number(typed):
    with pytest.raises(ValueError, match="eight digits"):
        rules.kvk(typed)


@given(st.text(alphabet=string.digits, min_size=8, max_size=8).filter(lambda text: text != "00000000"))
def test_every_eight_digits_are_a_kvk_number_and_stay_what_they_are(digits):
    assert rules.kvk(digits) == digits == rules.kvk(rules.kvk(f"{digits[:4]} {digits[4:]}"))


@given(st.text(max_size=12))
def test_any_text_is_a_number_in_its_form_or_refused_without_repeating_it(text):
    for rule, form in ((rules.brin, r"two digits"), (rules.kvk, r"eight digits")):
        try:
            number = rule(text)
        except ValueError as refused:
            assert str(refused).startswith(f"must be {form}")  # noqa: PT017  any text is fine, or refused so
        else:
            assert rule(number) == number
            assert number.isascii()


@pytest.mark.parametrize(
    ("kind", "brin", "kvk", "wrong"),
    [
        ("school", "25PJ", None, set()),
        ("school", "25PJ", "30123456", set()),
        ("school", None, "30123456", {"brin"}),
        ("company", None, "30123456", set()),
        ("company", None, None, {"kvk"}),
        ("company", "25PJ", None, {"brin", "kvk"}),
        ("centre", None, None, set()),
        ("partner", None, "30123456", set()),
    ],
)
def test_a_school_needs_its_brin_and_a_company_its_kvk_number(kind, brin, kvk, wrong):
    assert set(rules.number_errors(OrganisationKind(kind), brin, kvk)) == wrong


@pytest.mark.parametrize(
    ("typed", "email"),
    [
        ("Noor.Jansen@ROC.NL", "Noor.Jansen@roc.nl"),
        ("jan@m\u00fcnchen.de", "jan@m\u00fcnchen.de"),
        ("team@omdehoek.example", "team@omdehoek.example"),
    ],
)
def test_an_address_gets_its_normal_form(typed, email):
    assert rules.email_address(typed) == email


@pytest.mark.parametrize(
    "typed", ["", "noor", "noor@", "@roc.nl", "a b@roc.nl", "noor@localhost", "a@b@c.nl", "a@b..nl"]
)
def test_what_is_no_address_is_refused_without_repeating_it(typed):
    with pytest.raises(ValueError, match=r"must be an email address, such as naam@school\.nl"):
        rules.email_address(typed)


@given(st.emails())
def test_a_normal_address_is_its_own_normal_form_and_capitals_do_not_make_another_person(email):
    try:
        normal = rules.email_address(email)
    except ValueError:
        return
    assert rules.email_address(normal) == normal
    assert rules.email_key(normal) == rules.email_key(normal.upper() if normal.isascii() else normal.lower())


@pytest.mark.parametrize(
    ("one", "other"), [("\u017fam@roc.nl", "sam@roc.nl"), ("stra\u00dfe@roc.nl", "strasse@roc.nl")]
)
def test_a_letter_that_is_like_another_makes_another_mailbox(one, other):
    assert rules.email_key(rules.email_address(one)) != rules.email_key(rules.email_address(other))


@pytest.mark.parametrize(
    ("typed", "phone"),
    [("06 12345678", "+31612345678"), ("030-1234567", "+31301234567"), ("+32470123456", "+32470123456")],
)
def test_a_phone_number_without_a_country_is_dutch(typed, phone):
    assert rules.phone_number(typed) == phone


@pytest.mark.parametrize("typed", ["", "12", "06 1234", "bel mij", "+999 12345678"])
def test_what_is_no_phone_number_is_refused(typed):
    with pytest.raises(ValueError, match="must be a phone number"):
        rules.phone_number(typed)


@pytest.mark.parametrize(
    "name", ["Noor Jansen", "J. d'Arc-\u00d6zt\u00fcrk", "Li", "\u674e\u5c0f\u9f99", "Mr. O'Neil jr."]
)
def test_a_name_is_what_people_are_called(name):
    assert rules.person_name(name) == name


@pytest.mark.parametrize("name", ["12", "Win geld: kijk op", "Kijk op WWW.geld.example", "a@b.nl", "<b>Noor</b>"])
def test_a_name_cannot_carry_a_message_to_somebody_elses_address(name):
    with pytest.raises(ValueError, match=r"^must"):
        rules.person_name(name)


def test_a_link_works_until_it_was_used_or_has_expired():
    expires_at = NOON + rules.LINK_LIFETIME

    rules.check_link(expires_at, None, expires_at - timedelta(microseconds=1))
    with pytest.raises(SignInLinkInvalid):
        rules.check_link(expires_at, None, expires_at)
    with pytest.raises(SignInLinkInvalid):
        rules.check_link(expires_at, NOON, NOON)


@pytest.mark.parametrize(("seconds", "twice"), [(-1, True), (0, True), (9.9, True), (10, False), (-10, False)])
def test_a_token_that_was_used_just_now_is_pressed_twice(seconds, twice):
    assert is_pressed_twice(NOON, NOON + timedelta(seconds=seconds)) is twice
    assert not is_pressed_twice(None, NOON)


def test_a_used_an_expired_and_an_unknown_link_get_the_same_answer():
    with pytest.raises(SignInLinkInvalid) as used:
        rules.check_link(NOON, NOON, NOON - timedelta(1))
    with pytest.raises(SignInLinkInvalid) as expired:
        rules.check_link(NOON, None, NOON)

    assert used.value.response().body == expired.value.response().body == SignInLinkInvalid().response().body


def test_an_address_gets_a_few_links_an_hour():
    assert [rules.may_have_link(lately, 3) for lately in range(5)] == [True, True, True, False, False]


def test_who_takes_part_already_does_not_join_again():
    assert {status: rules.joins(status, blocked=False) for status in MemberStatus} == {
        MemberStatus.UNCONFIRMED: True,
        MemberStatus.ACTIVE: False,
        MemberStatus.LEFT: True,
    }


def test_who_is_kept_out_does_not_join_again():
    assert not any(rules.joins(status, blocked=True) for status in MemberStatus)


def test_an_organisation_is_changed_by_its_ambassador_and_the_team_and_by_nobody_who_says_to_belong_to_it():
    member, team = Identity(member_id="m"), Identity(member_id="t", roles=frozenset({"member", "node-team"}))
    roles = frozenset({"member", "ambassador"})
    named = Identity(member_id="a", roles=roles, scope=AmbassadorScope(organisation_ids=("o",)))
    around = Identity(member_id="b", roles=roles, scope=AmbassadorScope(provinces=("Utrecht",)))

    for who in (team, named):
        rules.check_may_change_organisation(who, "o")
    for who in (member, around, named.model_copy(update={"roles": frozenset({"member"})})):
        with pytest.raises(OrganisationNotYours):
            rules.check_may_change_organisation(who, "o")


def may_see(role: str, **scope: tuple[str, ...]) -> bool:
    """Whether somebody with a role and a scope sees a member of organisation 'o' in Utrecht."""
    who = Identity(member_id="w", roles=frozenset({"member", role}), scope=AmbassadorScope(**scope) if scope else None)
    try:
        rules.check_may_see(who, "m", ["o"], ["Utrecht"])
    except MemberNotFound:
        return False
    return True


def test_an_ambassador_sees_the_members_in_their_scope():
    assert may_see("node-team")
    assert may_see("ambassador", organisation_ids=("o", "p"))
    assert may_see("ambassador", provinces=("Utrecht",))
    assert may_see("ambassador", organisation_ids=("o",), provinces=("Utrecht",), themes=("biodiversity",))


def test_nobody_else_sees_a_member():
    assert not may_see("member")
    assert not may_see("member", provinces=("Utrecht",))
    assert not may_see("ambassador")
    assert not may_see("ambassador", themes=("biodiversity",))
    assert not may_see("ambassador", organisation_ids=("p",))
    assert not may_see("ambassador", provinces=("Zeeland",))
    assert not may_see("ambassador", organisation_ids=("o",), provinces=("Zeeland",))


def test_everybody_sees_themselves():
    rules.check_may_see(Identity(member_id="m"), "m", [], [])


def test_a_scope_says_where():
    assert not rules.is_narrow(AmbassadorScope())
    assert rules.is_narrow(AmbassadorScope(provinces=("Utrecht",)))


def test_the_roles_of_a_member():
    assert rules.roles_of(ambassador=False, node_team=False) == {Role.MEMBER}
    assert rules.roles_of(ambassador=True, node_team=True) == set(Role)


@given(st.sets(st.sampled_from([*sorted(rules.FORGETTING_SERVICES), "insight"])))
def test_an_erasure_is_complete_when_all_five_have_told(told):
    assert rules.is_complete(told) == (len(told - {"insight"}) == 5)
