"""What notify keeps about somebody, as they may read it."""

from chassis.kept import kept_router

#: What is not told: the tokens of links to unsubscribe, the keys of devices, and the contact details of others that
#: somebody was given.
QUESTIONS = {
    "contact": """
        SELECT name, email, phone, language, organisation_name, refused_at, last_refused_at, desk_mailed_on FROM contact
        WHERE member_id = ANY(:who)
    """,
    "preferences": "SELECT * FROM preference WHERE member_id = ANY(:who)",
    "push-devices": """
        SELECT split_part(endpoint, '/', 3) AS push_service, added_at FROM push_device
        WHERE member_id = ANY(:who) ORDER BY added_at
    """,
    "mails": """
        SELECT template, matter_id, status, created_at, sent_at, refusal FROM notification
        WHERE member_id = ANY(:who) ORDER BY created_at
    """,
    "told": """
        SELECT template, matter_id, created_at, read_at FROM inbox_item WHERE member_id = ANY(:who) ORDER BY created_at
    """,
}

router = kept_router(QUESTIONS)
