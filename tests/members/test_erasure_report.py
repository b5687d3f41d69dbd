"""The report of an erasure: what each service removed of somebody."""

from contracts import partners


async def test_what_is_told_late_takes_nothing_from_the_report(members):
    """As of what a network told of them just before, or of an erasure that was heard a second time."""
    noor = await members.joined()
    erasure_id = (await members.http_as(noor).delete("/v1/members/me")).json()["erasure_id"]

    for removed in ({"records": 2, "stream-messages": 5}, {"records": 0, "receipts": 1, "stream-messages": 3}, {}):
        await members.given(partners.MemberForgotten(member_id=noor, removed=removed))

    report = (await members.http.get(f"/v1/erasures/{erasure_id}")).json()
    (told,) = [part["removed"] for part in report["parts"] if part["service"] == "partners"]
    assert told == {"records": 2, "receipts": 1, "stream-messages": 5}
