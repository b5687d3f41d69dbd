"""What matching keeps about somebody, as they may read it: of a match their own side, and what they see of it."""

from chassis.kept import kept_router

QUESTIONS = {
    "read-for-matching": """
        SELECT proposition_id, side, kind, title, status FROM proposition
        WHERE member_id = ANY(:who) AND node IS NULL ORDER BY proposition_id
    """,
    "matches": """
        SELECT match_id, request_id, offer_id, state, score, reasons, waiting_since, reminded_at, lapsed_because,
               CASE WHEN asker_id = ANY(:who) THEN asker_accepted ELSE offerer_accepted END AS my_answer
        FROM match
        WHERE asker_id = ANY(:who) AND asker_node IS NULL OR offerer_id = ANY(:who) AND offerer_node IS NULL
        ORDER BY match_id
    """,
    "looked-at": "SELECT match_id, state FROM match WHERE ambassador_ids && CAST(:who AS text[]) ORDER BY match_id",
    "notes": "SELECT match_id, note FROM match WHERE note_by = ANY(:who) ORDER BY match_id",
    "hand-overs": """
        SELECT match_id, note, asked_at, answered_at, accepted, asked_by = ANY(:who) AS asked_by_me FROM hand_over
        WHERE member_id = ANY(:who) OR asked_by = ANY(:who) ORDER BY asked_at
    """,
    "help-asked": """
        SELECT request_id, note, asked_at, answered_at, accepted, offer_id, asked_by = ANY(:who) AS asked_by_me
        FROM help_ask WHERE member_id = ANY(:who) OR asked_by = ANY(:who) ORDER BY asked_at
    """,
    "follow-ups": """
        SELECT matter, matter_id, note, due_on, came_at, done_at FROM follow_up
        WHERE member_id = ANY(:who) ORDER BY due_on
    """,
    "desk": "SELECT * FROM ambassador WHERE member_id = ANY(:who)",
}

router = kept_router(QUESTIONS)
