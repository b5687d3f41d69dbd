"""Who calls is what the gateway signed, and nothing that a token says of itself changes how it is checked."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc.jwk import OKPKey

from chassis.identity import (
    LEEWAY_SECONDS,
    LIFETIME_SECONDS,
    ORGANISATIONS_MAX,
    REFERENCES_MAX,
    Identity,
    IdentityCheck,
    sign_identity,
)
from contracts.event import new_id
from contracts.members import AmbassadorScope
from contracts.places import PROVINCES
from contracts.vocabulary import Role, Theme
from services.members.inputs import ScopeDraft
from tests.chassis.conftest import lending_on
from tests.given import make_identity_keys

NODE, AUDIENCE = "utrecht", "lending"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """The gateway's key pair: the private key, and the file that the services have."""
    return make_identity_keys(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def check(keys):
    return IdentityCheck(keys[1], node=NODE, audience=AUDIENCE)


@pytest.fixture
def token(keys):
    """Makes tokens that differ from a good one in what a test names."""

    def make(**changes):
        values = {"node": NODE, "audience": AUDIENCE, "now": datetime.now(UTC)} | changes
        return sign_identity(keys[0], Identity(member_id="noor"), **values)

    return make


def encoded(part):
    return base64.urlsafe_b64encode(part if isinstance(part, bytes) else json.dumps(part).encode()).rstrip(b"=")


def decoded(part):
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def signed(key, header, claims):
    """A token with any header and any claims, signed with the gateway's own key."""
    private = Ed25519PrivateKey.from_private_bytes(base64.urlsafe_b64decode(key.as_dict(private=True)["d"] + "=="))
    body = encoded(header) + b"." + encoded(claims)
    return (body + b"." + encoded(private.sign(body))).decode()


def claims_of(token):
    return decoded(token.split(".")[1])


def test_a_token_proves_who_calls(keys, check):
    identity = Identity(
        member_id="noor",
        roles=frozenset({"member", "ambassador"}),
        scope=AmbassadorScope(provinces=("Utrecht",)),
        organisation_ids=("some-school",),
    )

    assert check(sign_identity(keys[0], identity, node=NODE, audience=AUDIENCE, now=datetime.now(UTC))) == identity


def test_the_most_that_somebody_may_have_fits_in_a_token(keys, check):
    """An ambassador of as many organisations as a scope can name, of which each was merged into another."""
    scope = ScopeDraft(
        organisation_ids=tuple(new_id() for _ in range(100)), provinces=tuple(PROVINCES), themes=tuple(Theme)
    ).scope()
    both = {"organisation_ids": (*scope.organisation_ids, *(new_id() for _ in scope.organisation_ids))}
    identity = Identity(
        member_id=new_id(),
        roles=frozenset(Role),
        scope=scope.model_copy(update=both),
        organisation_ids=tuple(new_id() for _ in range(ORGANISATIONS_MAX)),
        also=tuple(new_id() for _ in range(REFERENCES_MAX - 1)),
    )

    assert check(sign_identity(keys[0], identity, node=NODE, audience=AUDIENCE, now=datetime.now(UTC))) == identity


def test_a_token_lasts_a_minute_and_the_difference_of_two_clocks(check, token):
    lasts = LIFETIME_SECONDS + LEEWAY_SECONDS

    def made(seconds_ago):
        return check(token(now=datetime.now(UTC) - timedelta(seconds=seconds_ago)))

    assert made(lasts - 3) is not None
    assert made(lasts + 1) is None


def test_a_token_that_was_good_is_not_good_for_ever(keys):
    """It is remembered, but no longer than it lasts."""
    check = IdentityCheck(keys[1], node=NODE, audience=AUDIENCE)
    issued = datetime.now(UTC) - timedelta(seconds=LIFETIME_SECONDS + LEEWAY_SECONDS - 1)
    old = sign_identity(keys[0], Identity(member_id="noor"), node=NODE, audience=AUDIENCE, now=issued)
    assert check(old) is not None

    check._claims._now = lambda: int(datetime.now(UTC).timestamp()) + 5

    assert check(old) is None


def test_not_more_tokens_are_remembered_than_fit(keys, token):
    check = IdentityCheck(keys[1], node=NODE, audience=AUDIENCE, remembered_max=3)

    for seconds in range(10):
        assert check(token(now=datetime.now(UTC) - timedelta(seconds=seconds)))

    assert len(check._remembered) == 3


@pytest.mark.parametrize(
    "changes", [{"node": "twente"}, {"audience": "members"}, {"now": datetime.now(UTC) + timedelta(hours=-1)}]
)
def test_a_token_for_another_node_or_service_or_time_proves_nothing(check, token, changes):
    assert check(token(**changes)) is None


def test_a_key_that_the_gateway_does_not_have_proves_nothing(check):
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": "stranger"})

    assert (
        check(sign_identity(stranger, Identity(member_id="x"), node=NODE, audience=AUDIENCE, now=datetime.now(UTC)))
        is None
    )


def test_a_key_that_calls_itself_by_the_gateways_name_proves_nothing(keys, check):
    stranger = OKPKey.generate_key("Ed25519", parameters={"kid": keys[0].kid})

    assert (
        check(sign_identity(stranger, Identity(member_id="x"), node=NODE, audience=AUDIENCE, now=datetime.now(UTC)))
        is None
    )


@pytest.mark.parametrize("missing", ["iss", "aud", "sub", "exp"])
def test_each_claim_is_needed(keys, check, token, missing):
    claims = claims_of(token())
    del claims[missing]

    assert check(signed(keys[0], {"alg": "Ed25519", "kid": keys[0].kid}, claims)) is None


@pytest.mark.parametrize(
    "claims",
    [
        {"nbf": int(datetime.now(UTC).timestamp()) + 3600},
        {"exp": "tomorrow"},
        {"exp": float("inf")},
        {"exp": True},
        {"sub": ["noor"]},
        {"sub": {"$ne": None}},
        {"sub": ""},
        {"aud": ["members", "requests"]},
        {"iss": ["odh-gateway-utrecht"]},
        {"roles": "node-team"},
        {"roles": 7},
        {"scope": {"provinces": 7}},
        {"organisations": 7},
    ],
)
def test_claims_of_another_form_prove_nothing(keys, check, token, claims):
    """Even signed by the gateway itself."""
    assert check(signed(keys[0], {"alg": "Ed25519", "kid": keys[0].kid}, claims_of(token()) | claims)) is None


class Good:
    """A good token and the public key: what an attacker may have to begin with."""

    def __init__(self, key, file, node):
        token = sign_identity(key, Identity(member_id="noor"), node=node, audience=AUDIENCE, now=datetime.now(UTC))
        self.token, self.file = token, file.read_bytes()
        self.header, self.claims, self.signature = token.split(".")
        self.public = json.loads(self.file)["keys"][0]
        self.wanted = encoded(decoded(self.claims) | {"sub": "bas", "roles": ["member", "node-team"]}).decode()

    def with_header(self, **changes):
        return f"{encoded(decoded(self.header) | changes).decode()}.{self.claims}.{self.signature}"

    def with_part(self, header=None, claims=None, signature=None):
        parts = [header, claims, signature]
        own = [self.header, self.claims, self.signature]
        return ".".join(mine if part is None else part for part, mine in zip(parts, own, strict=True))

    def with_hmac(self, secret, **header):
        first = encoded({"alg": "HS256", "typ": "JWT", "kid": self.public["kid"]} | header)
        body = first + b"." + self.wanted.encode()
        return (body + b"." + encoded(hmac.new(secret, body, hashlib.sha256).digest())).decode()

    def unsigned(self, **header):
        return f"{encoded(header).decode()}.{self.wanted}."


HOSTILE = {
    "nothing": lambda _: "",
    "a word": lambda _: "token",
    "two dots": lambda _: "..",
    "many dots": lambda _: "." * 8000,
    "not base64": lambda _: "\u00e9.\u00e9.\u00e9",
    "four parts": lambda good: good.token + ".more",
    "no signature": lambda good: good.with_part(signature=""),
    "no third part": lambda good: good.token.rpartition(".")[0],
    "other claims": lambda good: good.with_part(claims=good.wanted),
    "a changed signature": lambda good: good.with_part(signature=good.signature[:-4] + "AAAA"),
    "a million characters": lambda good: good.with_part(claims="A" * 1_000_000),
    "alg none": lambda good: good.unsigned(alg="none"),
    "alg none in other capitals": lambda good: good.unsigned(alg="NoNe", kid=good.public["kid"]),
    "alg none with a signature": lambda good: good.with_header(alg="none"),
    "HS256 with the public key": lambda good: good.with_hmac(base64.urlsafe_b64decode(good.public["x"] + "==")),
    "HS256 with the public key as text": lambda good: good.with_hmac(good.public["x"].encode()),
    "HS256 with the file of keys": lambda good: good.with_hmac(good.file),
    "HS256 with an empty file as its key": lambda good: good.with_hmac(b"", kid="../../../dev/null"),
    "another algorithm": lambda good: good.with_header(alg="EdDSA"),
    "algorithms": lambda good: good.with_header(alg=["Ed25519"]),
    "no algorithm": lambda good: good.with_part(header=encoded({"kid": good.public["kid"]}).decode()),
    "a kid that is a path": lambda good: good.with_header(kid="../../etc/passwd"),
    "a kid that is a statement": lambda good: good.with_header(kid="' OR 1=1 --"),
    "a kid that is a number": lambda good: good.with_header(kid=7),
    "a kid that is an object": lambda good: good.with_header(kid={"$ne": 1}),
    "keys at an address": lambda good: good.with_header(jku="https://attacker.example/keys.json"),
    "a certificate at an address": lambda good: good.with_header(x5u="https://attacker.example/cert.pem"),
    "a key of its own": lambda good: good.with_header(jwk=good.public),
    "a critical header": lambda good: good.with_header(crit=["exp"], exp=1),
    "an unencoded body": lambda good: good.with_header(b64=False, crit=["b64"]),
    "a header that is a list": lambda good: good.with_part(header=encoded([]).decode()),
    "a header that is deep": lambda good: good.with_part(header=encoded(b"[" * 5000).decode()),
    "claims that are deep": lambda good: good.with_part(claims=encoded(b"[" * 5000).decode()),
}


@pytest.fixture(scope="module")
async def lending(postgres, nats):
    async with lending_on(postgres, nats) as started:
        yield started


@pytest.fixture
def good(lending):
    settings = lending.service.settings
    return Good(lending.running._key, settings.identity_public_keys_file, settings.node)


@pytest.mark.parametrize("made", HOSTILE.values(), ids=HOSTILE)
async def test_a_hostile_token_is_not_let_in(lending, good, made):
    answer = await lending.http.get("/v1/me", headers={"Authorization": f"Bearer {made(good)}".encode()})

    assert answer.status_code == 401, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_good_token_that_the_hostile_ones_are_made_from_is_let_in(lending, good):
    answer = await lending.http.get("/v1/me", headers={"Authorization": f"Bearer {good.token}"})

    assert answer.json()["member_id"] == "noor"


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic bm9vcjpub29y", "noor"])
async def test_without_a_token_nobody_is_signed_in(lending, header):
    answer = await lending.http.get("/v1/me", headers={"Authorization": header} if header else {})

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("address", "statuses"),
    [  # as member, ambassador, node team, gateway
        ("/v1/me", [200, 200, 200, 401]),
        ("/v1/ambassadors-only", [403, 200, 200, 401]),
        ("/v1/team-only", [403, 403, 200, 401]),
        ("/v1/gateway-only", [401, 401, 401, 200]),
    ],
)
async def test_each_role_gets_where_it_may(lending, address, statuses):
    callers = [lending.http_as("noor", roles=(role,)) for role in ("member", "ambassador", "node-team", "gateway")]

    assert [(await caller.get(address)).status_code for caller in callers] == statuses


def test_a_service_without_keys_knows_nobody(token):
    assert IdentityCheck(None, node=NODE, audience=AUDIENCE)(token()) is None
