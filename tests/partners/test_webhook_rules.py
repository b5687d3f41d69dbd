"""How a call is signed, and when it is tried again: the decisions alone."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
import standardwebhooks

from chassis.outward import Answer, retry_after, shown
from services.partners.webhooks import rules
from services.partners.webhooks.rules import next_try, signatures, verdict

NOW = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def test_a_call_is_signed_as_the_specification_shows_it():
    """The example of Standard Webhooks, which its libraries are tested with."""
    body, sent_at = b'{"test": 2432232314}', datetime.fromtimestamp(1614265330, UTC)

    headers = signatures([SECRET], "msg_p5jXN8AQM9LWM0D4loKWxJek", sent_at, body)

    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_the_library_of_standard_webhooks_takes_what_we_sign():
    headers = signatures(["whsec_b3ZlcnZsb2VkaWdlbi1vdmVydmxvZWQ=", SECRET], "1", datetime.now(UTC), b"{}")

    assert standardwebhooks.Webhook(SECRET).verify(b"{}", headers) == {}


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (200, "taken"), (204, "taken"), (301, "refused"), (400, "refused"), (401, "refused"), (404, "refused"),
        (410, "gone"), (429, "away"), (500, "refused"), (502, "away"), (503, "away"), (504, "away"), (None, "away"),
    ],
)  # fmt: skip
def test_what_an_answer_means(status, said):
    assert verdict(Answer(1, status)) == said


@pytest.mark.parametrize("longest", [rules.LONGEST, rules.LONGEST_PAUSE])
def test_waits_grow_to_the_longest_and_are_never_all_at_the_same_moment(longest):
    waits = [
        [next_try(tries, NOW, Answer(1), jitter, longest) - NOW for jitter in (0.0, 1.0)] for tries in range(1, 99)
    ]

    assert timedelta(seconds=4) <= waits[0][0] < waits[0][1] <= timedelta(seconds=6)
    assert all(before <= after for before, after in pairwise(waits))
    assert waits[-1] == [longest * 0.8, longest * 1.2]


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("120", timedelta(minutes=2)),
        ("Thu, 26 Nov 2026 09:05:00 GMT", timedelta(minutes=5)),
        ("Thu, 26 Nov 2026 08:00:00 GMT", timedelta()),
        *((wrong, None) for wrong in (None, "", "soon", "-5", "1.5", "9" * 40, "²", "Thu, 26 Nov 2026 09:05:00 -0000")),
        ("Thu, 26 Nov 2026 09:05:00 +99999999999999", None),
    ],
)
def test_what_an_endpoint_asks_to_wait(header, asked):
    assert retry_after(header, NOW) == asked


def test_who_asks_for_weeks_is_tried_tomorrow():
    asked = Answer(1, 503, retry_after=timedelta(weeks=5))

    assert next_try(1, NOW, asked, 0.5, rules.LONGEST_PAUSE) - NOW == timedelta(days=1)


def test_of_an_answer_a_line_is_shown_that_nothing_obeys():
    assert shown("Fout:\n\x1b[31mrood\x07 \u202eom \udcff".encode("utf-8", "surrogatepass")).isprintable()
    assert len(shown(b"x" * 4096)) == 200
