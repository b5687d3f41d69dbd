"""The twelve ways of hostile input, and which tests prove what must hold; `./odh test hostile` runs them.

What is proven beside the part that it is about is pointed to. What is marked `long` runs by this command alone.
"""

from typing import NamedTuple


class Row(NamedTuple):
    """`attack` is what comes in, `holds` what must come of it, and `proven` are files of tests, or single ones."""

    attack: str
    holds: str
    proven: tuple[str, ...]


ROWS = {
    "S1": Row(
        "JSON that is none, deep, doubled, with half characters; whatever a description allows",
        "a 4xx with problem+json, nothing kept, the process alive",
        (
            "tests/chassis/test_bad_input.py",
            "tests/partners/test_fuzz.py",
            "tests/partners/test_hostile.py",
            "tests/hostile/test_doors.py",
        ),
    ),
    "S2": Row(
        "bodies and headers without end, or that never come",
        "413, 431 or 408; memory as it was; the others are served",
        (
            "tests/chassis/test_bad_input.py",
            "tests/gateway/test_limits.py",
            "tests/gateway/test_too_long.py",
            "tests/hostile/test_too_much.py",
        ),
    ),
    "S3": Row(
        "a body that is large once it is unpacked",
        "415, and not a byte of it is unpacked",
        ("tests/chassis/test_bad_input.py", "tests/gateway/test_limits.py", "tests/hostile/test_too_much.py"),
    ),
    "S4": Row(
        "invalid and overlong UTF-8, a byte order mark, one text in two forms",
        "400; what is kept has one form, and a call is the same in either",
        (
            "tests/chassis/test_bad_input.py",
            "tests/chassis/test_transactions.py::test_the_same_text_in_another_normal_form_is_the_same_call",
        ),
    ),
    "S5": Row(
        "an event or a signed request that comes again, late, from elsewhere or changed",
        "no second effect, or refused",
        ("tests/partners/test_replays.py", "tests/partners/test_signing.py", "tests/partners/test_webhook_rules.py"),
    ),
    "S6": Row(
        "tokens without a signature, with another key, for another service, that name where their key is",
        "401, and nothing is fetched",
        (
            "tests/chassis/test_identity.py",
            "tests/gateway/test_identity.py",
            "tests/gateway/test_provider.py",
            "tests/partners/test_signing.py",
        ),
    ),
    "S7": Row(
        "a webhook that leads inside: by its name, its number, a redirect, a second answer of DNS",
        "no connection but to a public address",
        ("tests/partners/test_no_way_inside.py",),
    ),
    "S8": Row(
        "markup, line ends, marks that turn a text around, templates",
        "words in every mail, page and stream; a header stays one, and so does an event",
        (
            "tests/notify/test_mail_texts.py",
            "tests/notify/test_rules.py",
            "tests/notify/test_stream.py::test_no_text_can_make_another_event",
            "tests/gateway/test_pages.py",
            "tests/node/test_mail_catcher.py",
        ),
    ),
    "S9": Row(
        "every route by whose it is, somebody else, an ambassador or a node elsewhere, a partner, nobody",
        "only whose it is; no id or word of theirs in any answer, no row of theirs changed",
        (
            "tests/hostile/test_who_may.py",
            "tests/hostile/test_pages.py",
            "tests/test_architecture.py",
            "tests/gateway/test_hostile.py",
        ),
    ),
    "S10": Row(
        "every column of every table as one more field of every body",
        "422 that names them, the rows as they were; answers are as declared, with no field more",
        ("tests/hostile/test_more_than_asked.py",),
    ),
    "S11": Row(
        "one who calls without end, many who let one person be mailed, keys and links that are tried",
        "429 for who does it and no other; a person gets a few mails an hour",
        (
            "tests/gateway/test_limits.py",
            "tests/members/test_signing_in.py",
            "tests/partners/test_hostile.py",
            "tests/hostile/test_too_much.py",
        ),
    ),
    "S12": Row(
        "a partner at the broker: another's subjects, everything, too much of it",
        "refused by the server itself; the others do not notice",
        ("tests/lines/test_partners.py", "tests/lines/test_borders.py", "tests/partners/test_over_nats.py"),
    ),
}
