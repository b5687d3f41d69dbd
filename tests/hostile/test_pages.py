"""S9 on pages: whatever somebody finds on theirs, nobody else reads or sends.

Every page that its people come to by links is asked by somebody else, and every form that stands there is sent by them,
with a token of their own: a page that is new is tried as soon as a link leads to it.
"""

import re
from itertools import product

import pytest

from services.gateway.rules import form_token
from tests.hostile.kept import changed, rows
from tests.hostile.reading_pages import HTML, forms_of, pages_of
from tests.hostile.test_who_may import leaks

pytestmark = [pytest.mark.long, pytest.mark.whole_node, pytest.mark.timeout(300)]

OWNERS = ("asker", "offerer", "ambassador", "colleague", "team")
OTHERS = ("other", "elsewhere")

#: What ends what they are here, or changes who they are or who is asked.
NOT_SENT = re.compile(r"/sign-out|/sign-in|/join|/my-data/erase|/my-data/change|/sessions|/taal|/language")


async def test_nobody_else_reads_or_sends_what_stands_on_somebodys_pages(world, wired):
    seen, forms = set(), set()
    for owner in OWNERS:
        pages = await pages_of(world.people[owner].http)
        seen |= set(pages)
        forms |= {form for form in forms_of(pages) if not NOT_SENT.search(form.action)}
    of_things = [address for address in seen if any(thing in address for thing in world.things.values())]
    assert len(seen) > 40
    assert len(of_things) > 10
    assert len([form for form in forms if any(thing in form.action for thing in world.things.values())]) > 10

    await world.look.quiet(60)
    before, wrong = await rows(world, wired), []
    for address, who in product(sorted(seen), OTHERS):
        answer = await world.people[who].http.get(address, headers=HTML)
        if (found := leaks(world, answer)) or answer.status_code >= 500:
            wrong.append(f"GET {address} by {who}: {answer.status_code} {found}")
    for form, who in product(sorted(forms, key=lambda one: (one.action, one.fields)), OTHERS):
        http = world.people[who].http
        sent = dict(form.fields) | {"form": form_token(http.cookies["odh-session"])}
        answer = await http.post(form.action, data=sent, headers=HTML | {"Sec-Fetch-Site": "same-origin"})
        found = [one for one in leaks(world, answer) if one not in sent.values()]  # theirs again when it is wrong
        if found or answer.status_code >= 500:
            wrong.append(f"POST {form} by {who}: {answer.status_code} {found}")
    assert not wrong, "\n".join(wrong)

    await world.look.quiet(60)
    own = {world.things[who] for who in OTHERS}
    told = [one for one in changed(before, await rows(world, wired)) if not any(id in one for id in own)]
    assert not told, "\n".join(told)
