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
    "desk": "SELECT * FROM ambassador WHERE member_id = ANY(:who)",
}

router = kept_router(QUESTIONS)
