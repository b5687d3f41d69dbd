"""The rows of the table of faults: what breaks in each, and what proves that nothing is lost by it.

A row that a storm has is drawn in it, by `nemesis.py`; the others are tests. docs/faults.md tells the same in words.
"""

from typing import NamedTuple

from tests.faults import nemesis


class Row(NamedTuple):
    """What breaks, and the tests that prove what must hold, as pytest names them; a storm may prove it besides."""

    what: str
    tests: tuple[str, ...] = ()


#: The rows that are a whole evening by themselves: clocks differ, a node is put back, a node is away.
ALONE = ("F17", "F24", "F25")

KILLED = "tests/story/test_killed_halfway.py"
HEARING = "tests/chassis/test_hearing.py"
LINES = "tests/lines/test_lines.py"
RELAY = "tests/chassis/test_relay.py"
LOOKING_BACK = "tests/chassis/test_looking_back.py"
UNDER_LOAD = "tests/story/test_under_load.py"

ROWS = {
    "F1": Row("requests is killed", (f"{KILLED}::test_a_service_dies_at_a_named_point",)),
    "F2": Row("a relay is killed", (f"{RELAY}::test_what_was_stored_before_the_relay_died_is_not_stored_again",)),
    "F3": Row("matching is killed", (f"{KILLED}::test_a_service_dies_at_a_named_point",)),
    "F4": Row(
        "notify is killed",
        (f"{KILLED}::test_between_the_mail_servers_yes_and_our_mark_a_mail_may_go_twice_under_the_same_id",),
    ),
    "F5": Row("the broker is killed", (f"{KILLED}::test_nats_dies_during_a_burst_and_nobody_notices",)),
    "F6": Row(
        "the broker loses what it acknowledged last, or all of it",
        (LOOKING_BACK, f"{KILLED}::test_nats_loses_all_that_it_had_and_it_is_said_again"),
    ),
    "F7": Row("a byte of the broker's store is another one, or its end is missing", (LOOKING_BACK,)),
    "F8": Row("the database is killed", (f"{KILLED}::test_postgres_dies_during_a_burst_and_asks_for_patience",)),
    "F9": Row("a disk is full", ("tests/faults/test_full_disk.py",)),
    "F10": Row("a region is cut off", ("tests/chassis/test_vanishing.py",)),
    "F11": Row("lines are cut and come back in another order"),
    "F12": Row("the broker stands still", ("tests/chassis/test_vanishing.py",)),
    "F13": Row(
        "a replica stands still and comes back",
        (f"{HEARING}::test_a_replica_that_stood_still_and_comes_back_has_no_second_effect",),
    ),
    "F14": Row(
        "every event comes again",
        (
            f"{HEARING}::test_a_copy_that_comes_long_after_has_no_effect",
            f"{KILLED}::test_every_event_is_delivered_again_and_nobody_hears_it_twice",
        ),
    ),
    "F15": Row(
        "events come in another order",
        (
            f"{HEARING}::test_the_highest_version_wins_in_whatever_order_events_come",
            "tests/matching/test_order.py",
            "tests/notify/test_order.py",
            "tests/insight/test_counting.py::test_neither_the_order_nor_how_often_matters",
        ),
    ),
    "F16": Row(
        "an event that no handler can do",
        (
            f"{HEARING}::test_poison_goes_to_the_dead_letters_and_its_neighbours_notice_nothing",
            f"{KILLED}::test_a_poisoned_event_ends_among_the_dead_letters_and_keeps_nobody_up",
        ),
    ),
    "F17": Row(
        "clocks differ, or are set",
        (
            "tests/nodes/test_clocks.py",
            "tests/chassis/test_identity.py::test_a_token_lasts_a_minute_and_the_difference_of_two_clocks",
            "tests/gateway/test_limits.py::test_a_clock_that_is_set_back_makes_no_window_longer",
            "tests/notify/test_moments.py",
            "tests/requests/test_rules.py",
        ),
    ),
    "F18": Row(
        "who listens is slow",
        (
            f"{HEARING}::test_a_handler_that_is_slow_keeps_no_other_event_and_no_command_waiting",
            "tests/notify/test_stream.py",
            "tests/gateway/test_forwarding.py::test_a_reader_who_takes_nothing_is_let_go_and_so_is_the_service",
        ),
    ),
    "F19": Row(
        "the mail server is away, or slow, or says later",
        (
            "tests/notify/test_smtp_trouble.py",
            "tests/notify/test_sending.py::test_no_more_mail_goes_out_in_a_second_than_is_allowed",
        ),
    ),
    "F20": Row(
        "more comes in than can be done",
        (
            "tests/gateway/test_limits.py",
            f"{UNDER_LOAD}::test_of_a_burst_what_is_taken_in_is_done_and_the_rest_is_told_to_come_back",
        ),
    ),
    "F21": Row(
        "every service is started anew",
        (
            f"{UNDER_LOAD}::test_each_service_is_replaced_while_people_ask_and_one_retry_is_enough",
            "tests/story/test_beside_the_release_before.py",
        ),
    ),
    "F22": Row(
        "another release speaks",
        (
            "tests/contracts/test_examples.py",
            f"{HEARING}::test_a_version_that_is_not_known_here_is_parked_and_not_lost",
            "tests/story/test_released_events.py",
        ),
    ),
    "F23": Row("the answer to a commit is lost", ("tests/chassis/test_lost_answers.py",)),
    "F24": Row("a node is put back from a backup", ("tests/story/test_restored.py",)),
    "F25": Row(
        "a whole node is away for minutes",
        (
            f"{LINES}::test_a_hub_that_is_killed_stops_nobody_and_has_everything_within_seconds",
            f"{LINES}::test_a_region_that_is_away_misses_nothing",
        ),
    ),
}


def storms(asked: list[str]) -> list[list[str]]:
    """The storms that have the rows that were asked for: one of all that break together, and each that is alone."""
    together = [row for row in asked if row in nemesis.ROWS]
    return [rows for rows in (together, *([row] for row in ALONE if row in asked)) if rows]


def proofs_of(asked: list[str], *, also_of_storms: bool) -> list[str]:
    """The tests of the rows that were asked for, each once; those of a file follow each other: they share a node."""
    rows = [row for row in asked if also_of_storms or not storms([row])]
    return sorted({test for row in rows for test in ROWS[row].tests})
