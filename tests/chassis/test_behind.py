"""What is told to whoever looks after a node."""

from chassis.behind import troubles_of
from chassis.figures import Figures


def test_a_mail_that_waits_for_its_mailbox_is_no_trouble_and_mail_that_does_not_go_is():
    one_waits = {"mails-waiting": 1.0, "mails-oldest-seconds": 86_400.0, "mails-stuck-seconds": 0.0}
    none_goes = {"mails-waiting": 7.0, "mails-oldest-seconds": 301.0, "mails-stuck-seconds": 301.0}

    told = [
        list(troubles_of({"notify": [Figures(service="notify", node="zeeland", parts={}, own=own)]}))
        for own in (one_waits, none_goes)
    ]

    assert told[0] == []
    assert [trouble.en for trouble in told[1]] == ["no mail goes out for 301 s, 7 mails wait"]
