"""POST /v1/requests in a node that has few requests already, and in one that has very many (P14)."""

from bench.accepting import accepted_in
from bench.ground import Ground
from bench.measuring import Finding, Size


async def accepted_among_many(ground: Ground, size: Size, seed: int) -> Finding:
    """So many requests are stored, of a hundredth as many members, each with the reply that was given to it."""
    return await _accepted_among(ground, size, seed, size.stored_many)


async def accepted_among_few(ground: Ground, size: Size, seed: int) -> Finding:
    """The ceiling."""
    return await _accepted_among(ground, size, seed, size.stored_few)


async def accepted_among_some(ground: Ground, size: Size, seed: int) -> Finding:
    """Between them, to see how cost grows; in no row."""
    return await _accepted_among(ground, size, seed, size.stored_some)


async def _accepted_among(ground: Ground, size: Size, seed: int, stored: int) -> Finding:
    name = f"with_{stored}"
    if not ground.keeps(name):
        async with ground.fresh() as place:
            async with place.program("chassis", "services.requests"):
                pass  # it makes its tables
            await place.execute(*(statement.format(stored=stored) for statement in (_REQUESTS, _REPLIES)), _LOOK)
            await ground.keep(place, name)
    async with ground.fresh(like=name) as place:
        return await accepted_in(place, size, seed, before=stored, postgres=ground.postgres)


_REQUESTS = """
    INSERT INTO proposition (
        proposition_id, side, version, member_id, organisation_id, status, kind, themes, title, text, language,
        place_name, province, latitude, longitude, expires_at, created_at, match_ids)
    SELECT uuidv7(make_interval(mins => n - {stored})), 'request', 1, 'member-' || n % ({stored} / 100),
        'organisation-' || n % 1000, 'open', 'guest_lesson', ARRAY['energy'],
        'Wie vertelt over zonnepanelen? (' || n || ')',
        repeat('Onze klas leert over energie in huis en zoekt iemand uit de praktijk. ', 6), 'nl',
        'Utrecht', 'Utrecht', 52.09, 5.12, now() + interval '60 days',
        now() - make_interval(mins => {stored} - n), '{{}}'
    FROM generate_series(1, {stored}) AS n
    """

_REPLIES = """
    INSERT INTO stored_reply (caller, key, fingerprint, status, headers, body)
    SELECT member_id, 'placed-' || proposition_id, sha256(proposition_id::bytea), 201,
        '{{"ETag": "\\"1\\""}}', convert_to(repeat(text, 2), 'UTF8')
    FROM proposition
    """

_LOOK = "VACUUM ANALYZE"
