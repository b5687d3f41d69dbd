"""What matching keeps about somebody, as they may read it: of a match their own side, and what they see of it."""

from chassis.kept import kept_router

#: A match is called by its request, which who offers sees no earlier than that both are asked.
QUESTIONS = {
    "read-for-matching": """
        SELECT proposition_id, side, kind, title, status FROM proposition
        WHERE member_id = ANY(:who) AND node IS NULL ORDER BY proposition_id
    """,
    "matches": """
        SELECT match_id, request_id, offer_id, state, score, reasons, waiting_since, reminded_at, lapsed_because,
               CASE WHEN asker_id = ANY(:who) THEN asker_accepted ELSE offerer_accepted END AS my_answer,
               CASE WHEN asker_id = ANY(:who) AND asker_node IS NULL OR endorsed_at IS NOT NULL THEN p.title END
                   AS title
        FROM match LEFT JOIN proposition p ON p.proposition_id = request_id
        WHERE asker_id = ANY(:who) AND asker_node IS NULL OR offerer_id = ANY(:who) AND offerer_node IS NULL
        ORDER BY match_id
    """,
    "looked-at": """
        SELECT m.match_id, p.title, m.state FROM match m LEFT JOIN proposition p ON p.proposition_id = m.request_id
        WHERE m.ambassador_ids && CAST(:who AS text[]) ORDER BY m.match_id
    """,
    "notes": """
        SELECT m.match_id, p.title, m.note FROM match m LEFT JOIN proposition p ON p.proposition_id = m.request_id
        WHERE m.note_by = ANY(:who) ORDER BY m.match_id
    """,
    "asked-to-help": """
        SELECT p.title, a.note, a.asked_at, a.accepted, a.answered_at, a.offer_id
        FROM help_ask a JOIN proposition p ON p.proposition_id = a.request_id
        WHERE a.member_id = ANY(:who) ORDER BY a.asked_at
    """,
    "help-you-asked": """
        SELECT p.title, a.note, a.asked_at, a.accepted, a.answered_at
        FROM help_ask a JOIN proposition p ON p.proposition_id = a.request_id
        WHERE a.asked_by = ANY(:who) ORDER BY a.asked_at
    """,
    "hand-overs": """
        SELECT h.match_id, p.title, h.note, h.asked_at, h.answered_at, h.accepted
        FROM hand_over h LEFT JOIN match m USING (match_id) LEFT JOIN proposition p ON p.proposition_id = m.request_id
        WHERE h.asked_by = ANY(:who) OR h.member_id = ANY(:who) ORDER BY h.asked_at
    """,
    "follow-ups": """
        SELECT matter, matter_id, note, due_on, came_at, done_at FROM follow_up
        WHERE member_id = ANY(:who) ORDER BY due_on
    """,
    "desk": "SELECT * FROM ambassador WHERE member_id = ANY(:who)",
}

router = kept_router(QUESTIONS)
