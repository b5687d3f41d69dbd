"""What is known of a call before its body is checked: who calls, when, and by which settings we answer."""

from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from fastapi import Depends, Request

from chassis import Identity, Service
from chassis.identity import signed_in
from services.requests import rules
from services.requests.settings import RequestsSettings


@dataclass(frozen=True, slots=True)
class Asking:
    """A call, as the rules need it."""

    who: Identity
    now: datetime
    settings: RequestsSettings

    @property
    def today(self) -> date:
        """Which day it is in the Netherlands."""
        return rules.day_of(self.now)


#: FastAPI checks a body after the dependencies of its route, and hands nothing on to the body's own checks. Those
#: that must know which day it is or where the caller belongs find it here, so that one answer names every wrong field.
ASKING: ContextVar[Asking] = ContextVar("asking")


async def _asking(request: Request) -> Asking:
    service: Service = request.app.state.service
    assert isinstance(service.settings, RequestsSettings)
    asking = Asking(await signed_in(request), service.now(), service.settings)
    ASKING.set(asking)
    return asking


Call = Annotated[Asking, Depends(_asking)]
