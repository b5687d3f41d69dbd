"""What requests keeps about somebody, as they may read it."""

from chassis.kept import kept_router

_IS_SIDE = """(i.request_member_id = ANY(:who) AND i.request_node IS NULL
    OR i.offer_member_id = ANY(:who) AND i.offer_node IS NULL)"""
_MY_SIDE = "CASE WHEN i.request_member_id = ANY(:who) THEN 'request' ELSE 'offer' END"

QUESTIONS = {
    "requests-and-offers": """
        SELECT proposition_id, side, status, kind, themes, title, text, language, place_name, province, reach_km,
               starts_on, ends_on, from_time, until_time, venue, sign_up_url, participants, mbo_level, skills,
               languages, about_offer_id, expires_at, created_at,
               taken_down ->> 'because' AS taken_down_because, taken_down ->> 'note' AS taken_down_note
        FROM proposition WHERE member_id = ANY(:who) ORDER BY created_at
    """,
    "listings": """
        SELECT offer_id, kind, title, status, listed_at FROM listing WHERE member_id = ANY(:who) AND node IS NULL
        ORDER BY listed_at
    """,
    "sign-ups": """
        SELECT s.offer_id, l.title, s.standing, s.name, s.asked_at FROM sign_up s LEFT JOIN listing l USING (offer_id)
        WHERE s.member_id = ANY(:who) ORDER BY s.asked_at
    """,
    "introductions": f"SELECT match_id, title, kind, introduced_at FROM introduction i WHERE {_IS_SIDE}",
    "initiatives": f"""
        SELECT n.title, n.status, n.text, n.started_at, n.ended_at, n.outcome, n.because, n.because_words, n.students,
               n.may_be_told, n.started_by = {_MY_SIDE} AS started_by_me
        FROM initiative n JOIN introduction i ON i.match_id = n.initiative_id WHERE {_IS_SIDE} ORDER BY n.started_at
    """,
    "initiative-notes": f"""
        SELECT n.happened_on, n.text, n.noted_at FROM note n JOIN introduction i ON i.match_id = n.initiative_id
        WHERE {_IS_SIDE} AND n.side = {_MY_SIDE} ORDER BY n.noted_at
    """,
    "introductions-looked-after": """
        SELECT match_id, title, introduced_at FROM introduction WHERE ambassador_ids && CAST(:who AS text[])
    """,
}

router = kept_router(QUESTIONS)
