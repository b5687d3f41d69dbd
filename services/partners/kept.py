"""What partners keeps about somebody, as they may read it: what networks told of them, and how far that came."""

from chassis.kept import kept_router

QUESTIONS = {
    "records": """
        SELECT partner_id, thing, subject AS own_id FROM record WHERE member_id = ANY(:who) ORDER BY partner_id, thing
    """,
    "receipts": """
        SELECT r.partner_id, r.event_type, r.data, r.status, r.received_at FROM receipt r JOIN record USING (record_id)
        WHERE record.member_id = ANY(:who) ORDER BY r.received_at
    """,
    "contact-of": "SELECT partner_id FROM contact WHERE member_id = ANY(:who)",
}

router = kept_router(QUESTIONS)
