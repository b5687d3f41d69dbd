"""In which language somebody reads: the one that they chose, or that their browser prefers."""

from starlette.requests import Request

from contracts.vocabulary import Language

LANGUAGE_COOKIE = "odh-taal"


def language_of(request: Request) -> Language:
    """The language that was asked for, was chosen before, or that the browser prefers; else Dutch."""
    for told in (request.query_params.get("taal"), request.cookies.get(LANGUAGE_COOKIE)):
        if told in set(Language):
            return Language(told)
    return _preferred(request.headers.get("accept-language", ""))


def _preferred(accepted: str) -> Language:
    best, chosen = 0.0, Language.DUTCH
    for part in accepted.split(",")[:20]:
        tag, _, quality = part.strip().partition(";q=")
        language = tag.partition("-")[0].lower()
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        if language in set(Language) and weight > best:
            best, chosen = weight, Language(language)
    return chosen
