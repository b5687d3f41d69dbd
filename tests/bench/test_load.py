"""The load that measurements make: no two calls the same, and each call what an HTTP server reads."""

import json
import math

from bench.bodies import a_request, drafts, placed
from bench.load import Calls, percentile


def calls(count: int) -> list[tuple[bytes, bytes]]:
    """The heads and the bodies of so many calls."""
    made = Calls(path="/v1/requests", bodies=drafts(7), headers=[{"Authorization": "Bearer x"}], run=f"{7:024x}")
    return [tuple(made.next()[1].split(b"\r\n\r\n", 1)) for _ in range(count)]  # type: ignore[misc]


def test_no_two_bodies_or_keys_are_the_same():
    made = calls(200)

    assert len({body for _, body in made}) == 200
    assert len({line for head, _ in made for line in head.split(b"\r\n") if line.startswith(b"Idempotency")}) == 200


def test_the_length_of_a_body_is_told_in_its_head():
    for head, body in calls(50):
        assert f"Content-Length: {len(body)}".encode() in head


def test_one_call_in_ten_asks_to_be_traced():
    traced = [head for head, _ in calls(100) if b"-01\r\n" in head]

    assert len(traced) == 10


def test_the_same_seed_gives_the_same_content():
    assert drafts(3) == drafts(3) != drafts(4)
    assert [event.title for event in placed(3, 5)] == [event.title for event in placed(3, 5)]


def test_a_request_and_the_offer_that_answers_it_are_told_apart_by_their_mark():
    request, offer = json.loads(a_request(3, mark="meting 1")), json.loads(a_request(3, mark="aanbod"))

    assert request["kind"] == offer["kind"]
    assert request["title"] != offer["title"]


def test_a_percentile_is_one_of_the_values():
    assert percentile([3.0, 1.0, 2.0, 4.0], 0.5) == 3.0
    assert percentile([float(value) for value in range(1000)], 0.99) == 990.0
    assert math.isnan(percentile([], 0.5))
