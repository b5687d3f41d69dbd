"""What partners keeps about somebody, as they may read it: what networks told of them, and how far that came."""

from chassis.kept import kept_router

QUESTIONS = {
    "records": """
        SELECT partner_id, thing, subject AS own_id FROM record WHERE member_id = ANY(:who) ORDER BY partner_id, thing
    """,
    "receipts": """
        WITH own AS (SELECT record_id FROM record WHERE member_id = ANY(:who))
        SELECT partner_id, event_type, data, status, received_at FROM receipt JOIN own USING (record_id)
        UNION
        SELECT partner_id, event_type, data, status, received_at FROM receipt JOIN own ON own.record_id = person_id
        ORDER BY received_at
    """,
    "contact-of": "SELECT partner_id FROM contact WHERE member_id = ANY(:who)",
}

router = kept_router(QUESTIONS)
