"""Of whom networks told very much is forgotten in the streams a part at a time."""

import chassis.purging
from contracts.members import MemberErased
from contracts.partners import EventReceived, MemberForgotten, MoreToForget, OrganisationTold, PersonTold
from tests.partners.conftest import PERSON, SCHOOL, an_event


async def test_of_whom_much_was_told_nothing_is_left_and_that_is_said_once(partners, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    await partners.pushed(an_event("organisation", "school-1", SCHOOL), an_event("person", "noor", PERSON))
    await partners.accepted((await partners.said(OrganisationTold))[0])
    await partners.accepted((await partners.said(PersonTold))[0], "the-member")
    for n in range(3):
        await partners.pushed(an_event("person", "noor", PERSON | {"email": "", "name": f"Noor {n}"}))
    await partners.quiet()

    await partners.when(MemberErased(member_id="the-member", version=9))

    assert len(await partners.said(MoreToForget)) == 2  # of a record and four receipts
    (forgotten,) = await partners.said(MemberForgotten)
    assert forgotten.removed.items() >= {"records": 1, "receipts": 4}.items()
    assert await partners.said(PersonTold) == []
    assert len(await partners.said(EventReceived)) == 1, "that of the school"
