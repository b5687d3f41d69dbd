"""Timers of earlier releases, which their streams may still hold: nobody says or hears them any more."""

from contracts.event import Event


class ReminderDue(Event, wire_name="matching.reminder-due", about="match_id", reach="local"):
    """A timer of the releases before decision 0055: remind. Nobody says or hears it any more."""

    match_id: str


class PatienceEnded(Event, wire_name="matching.patience-ended", about="match_id", reach="local"):
    """A timer of the releases before decision 0055: end patience. Nobody says or hears it any more."""

    match_id: str


class AnswerAwaited(Event, wire_name="matching.answer-awaited", about="request_id", reach="local"):
    """A timer of the releases before decision 0055: look whether it was answered. Nobody says or hears it any more."""

    request_id: str


class RequestExpiryDue(Event, wire_name="requests.request-expiry-due", about="request_id", reach="local"):
    """A timer of the releases before decision 0054: the request may have expired. Nobody says or hears it any more."""

    request_id: str


class OfferExpiryDue(Event, wire_name="requests.offer-expiry-due", about="offer_id", reach="local"):
    """A timer of the releases before decision 0054: the offer may have expired. Nobody says or hears it any more."""

    offer_id: str
