"""Who is told that a partner's endpoint gets nothing any more: a decision, without database, mail server or clock."""

from collections.abc import Iterable
from datetime import datetime

from contracts.partners import WebhookDisabled
from services.notify.rules import Notice
from services.notify.templates import Template


def disabled_notices(event: WebhookDisabled, team: Iterable[str], now: datetime) -> list[Notice]:
    """A partner's people and the node's team, each once in a day."""
    facts = {"partner": event.partner_id, "because": event.because}
    return [
        Notice(
            who,
            Template.PARTNER_ENDPOINT_DISABLED,
            event.webhook_id,
            facts,
            occurrence=now.date().isoformat(),
            about=(who,),
            needs=(who,),
        )
        for who in dict.fromkeys((*event.contact_ids, *team))
    ]
