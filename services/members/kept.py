"""What members keeps about somebody, as they may read it."""

from chassis.kept import kept_router

#: What is not told is a secret (the hash of a link's token) or another's (who somebody was compared with).
QUESTIONS = {
    "person": """
        SELECT member_id, status, name, email, phone, language, networks, node_team, verified_at, first_seen_at,
               joined_at FROM member WHERE member_id = ANY(:who) ORDER BY member_id
    """,
    "affiliations": """
        SELECT o.name AS organisation, a.role, a.since FROM affiliation a JOIN organisation o USING (organisation_id)
        WHERE a.member_id = ANY(:who) ORDER BY a.since
    """,
    "appointments": "SELECT * FROM ambassador WHERE member_id = ANY(:who)",
    "consents": "SELECT terms_version, given_at FROM consent WHERE member_id = ANY(:who) ORDER BY given_at",
    "sign-in-links": """
        SELECT created_at, expires_at, used_at, new_email, joining FROM sign_in_link
        WHERE member_id = ANY(:who) ORDER BY created_at
    """,
    "said-by-networks": """
        SELECT network, field, value, said_at FROM person_saying WHERE member_id = ANY(:who) ORDER BY said_at, field
    """,
    "compared": """
        SELECT agrees, status, found_at, decided_at FROM same_persons
        WHERE first_id = ANY(:who) OR second_id = ANY(:who) ORDER BY found_at
    """,
    "invitations": """
        SELECT created_at, expires_at, revoked_at, accepted_at, invited_by = ANY(:who) AS invited_by_me
        FROM invitation WHERE invited_by = ANY(:who) OR member_id = ANY(:who) ORDER BY created_at
    """,
    "deeds": """
        SELECT deed, matter, matter_id, title, role, done_at, done_by = ANY(:who) AS done_by_me FROM deed
        WHERE done_by = ANY(:who) OR whose = ANY(:who) ORDER BY done_at
    """,
    "given-to-other-nodes": "SELECT match_id, node, sealed_at FROM sealed_contact WHERE member_id = ANY(:who)",
}

router = kept_router(QUESTIONS)
