"""What requests keeps about somebody, as they may read it."""

from chassis.kept import kept_router

QUESTIONS = {
    "requests-and-offers": """
        SELECT proposition_id, side, status, kind, themes, title, text, language, place_name, province, reach_km,
               starts_on, ends_on, from_time, until_time, venue, sign_up_url, participants, mbo_level, skills,
               languages, expires_at, created_at
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
}

router = kept_router(QUESTIONS)
