"""What a call asks: which months, which part of it, and whether exactly."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request

from chassis import Now, SignedIn
from chassis.identity import NotAllowed
from contracts.networks import NetworkCode
from contracts.vocabulary import Kind, Role, Theme
from services.insight import rules
from services.insight.counting import Asked

Month = Annotated[str | None, Query(pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="A month, e.g. 2026-01.")]
Name = Annotated[str | None, Query(min_length=1, max_length=60)]


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked, by whom it may be asked."""

    asked: Asked
    since: str
    until: str
    exact: bool

    def period(self) -> dict[str, str | bool]:
        """What every answer begins with."""
        return {"since": self.since, "until": self.until, "exact": self.exact}


async def _call(
    request: Request,
    who: SignedIn,
    now: Now,
    since: Annotated[
        str | None, Query(alias="from", pattern=r"^20\d\d-(0[1-9]|1[0-2])$", description="The first month.")
    ] = None,
    until: Month = None,
    region: Name = None,
    province: Name = None,
    kind: Kind | None = None,
    theme: Theme | None = None,
    network: NetworkCode | None = None,
    exact: Annotated[bool, Query(description="Counts as they are: for the node's team.")] = False,
) -> Call:
    if exact and not who.has(Role.NODE_TEAM):
        raise NotAllowed
    first, last = rules.months(since, until, now)
    asked = Asked(
        since=rules.begins_at(first),
        until=rules.begins_at(rules.month_after(last, 1)),
        now=now,
        region=region,
        province=province,
        kind=kind,
        theme=theme,
        network=network,
        nation=request.app.state.service.settings.national_node,
    )
    return Call(asked, first, last, exact)


Counted = Annotated[Call, Depends(_call)]
