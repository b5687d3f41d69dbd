"""What is told to whoever looks after a node."""

from chassis.behind import streams_of, troubles_of
from chassis.figures import Figures, StreamFigures


def test_a_node_of_whose_team_nobody_is_left_is_a_trouble_and_one_that_has_yet_to_get_it_is_none():
    told = [
        list(troubles_of({"members": [Figures(service="members", node="zeeland", parts={}, own=own)]}))
        for own in ({"team-members": 1.0}, {}, {"team-members": 0.0})
    ]

    assert told[:2] == [[], []]
    assert [trouble.en.partition(":")[0] for trouble in told[2]] == ["nobody is of the node's team"]


def test_a_mail_that_waits_for_its_mailbox_is_no_trouble_and_mail_that_does_not_go_is():
    one_waits = {"mails-waiting": 1.0, "mails-oldest-seconds": 86_400.0, "mails-stuck-seconds": 0.0}
    none_goes = {"mails-waiting": 7.0, "mails-oldest-seconds": 301.0, "mails-stuck-seconds": 301.0}

    told = [
        list(troubles_of({"notify": [Figures(service="notify", node="zeeland", parts={}, own=own)]}))
        for own in (one_waits, none_goes)
    ]

    assert told[0] == []
    assert [trouble.en for trouble in told[1]] == ["no mail goes out for 301 s, 7 mails wait"]


def test_each_stream_is_told_once_also_what_one_service_alone_has():
    shared, of_partners = (
        StreamFigures(name=f"odh-zeeland-{kind}", messages=1, bytes=9) for kind in ("shared", "partners")
    )
    told = {"notify": (shared,), "partners": (shared, of_partners), "members": ()}

    found = {
        service: [Figures(service=service, node="zeeland", parts={}, streams=streams)]
        for service, streams in told.items()
    }

    assert streams_of(found) == (shared, of_partners)
