"""People at a real browser, on a node where every service runs: they read labels, fill in fields and press buttons."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Locator, Page, Request, Response

from node.addresses import Addresses
from node.client import Person


@dataclass
class Visitor:
    """Somebody with a browser of their own, and a mailbox."""

    person: Person
    page: Page
    asked_elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    """What the browser wrote in its console: a blocked script, a missing file."""

    async def goes_to(self, path: str) -> None:
        """Opens a page of ours."""
        await self.page.goto(path)

    async def fills_in(self, **values: str) -> None:
        """Fills in fields by the beginning of their labels, with `_` for a space."""
        for label, value in values.items():
            await self.field(label.replace("_", " ")).fill(value)

    def field(self, label: str) -> Any:
        """The field with a label that begins so."""
        return self.page.get_by_label(re.compile(f"^{re.escape(label)}"))

    async def chooses(self, label: str) -> None:
        """Ticks a box or a choice."""
        await self.page.get_by_label(re.compile(label)).check()

    async def presses(self, button: str) -> None:
        """Presses a button, and waits for the page that comes."""
        await self.unfolds_the_menu(button)
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=button, exact=True).click()

    async def presses_at(self, where: Locator, button: str) -> None:
        """Presses the first button there whose name begins so: each says beside it what it is about."""
        async with self.page.expect_navigation():
            await where.get_by_role("button", name=re.compile(f"^{re.escape(button)}")).first.click()

    async def follows(self, link: str) -> None:
        """Follows a link, also one that is in the menu that a phone folds."""
        await self.unfolds_the_menu(link)
        async with self.page.expect_navigation():
            await self.page.get_by_role("link", name=link).first.click()

    async def unfolds_the_menu(self, wanted: str) -> None:
        """Where a phone folds it, and has what is wanted in it."""
        menu = self.page.locator("details.menu:not([open])").filter(has_text=wanted)
        if await menu.count() and await menu.locator("summary").is_visible():
            await menu.locator("summary").click()

    async def sees(self, text: str) -> None:
        """Waits until a text is on the page."""
        await self.page.get_by_text(text).first.wait_for()

    async def heading(self) -> str:
        """What the page is about."""
        return (await self.page.locator("h1").inner_text()).strip()

    async def opens_the_link_in_the_mail(self) -> None:
        """Follows the newest link to sign in, and presses its button."""
        mail = await self.person.mail("/sign-in")
        link = mail.link("/sign-in") or ""
        await self.goes_to(link[link.index("/sign-in") :])
        await self.presses("Ja, dit is mijn adres" if "for=" in link else "Log in")


@asynccontextmanager
async def visiting(browser: Browser, where: Addresses, email: str, **context: Any) -> AsyncIterator[Visitor]:
    """Somebody who comes to the node with a browser, and what it asked of anybody else."""
    async with Person(where, name=email.partition("@")[0], email=email) as person:
        own = await browser.new_context(base_url=where.gateway, locale="nl-NL", **context)
        visitor = Visitor(person, await own.new_page())
        await listen(own, visitor, where)
        try:
            yield visitor
        finally:
            await own.close()


async def found_by_axe(visitor: Visitor, **options: Any) -> list[tuple[str, str]]:
    """What axe finds on the page that is open: the rule, and the first piece of HTML that breaks it."""
    result = await Axe().run(visitor.page, options={"resultTypes": ["violations"]} | options)
    return [(one["id"], one["nodes"][0]["html"]) for one in result.response["violations"]]


async def listen(context: BrowserContext, visitor: Visitor, where: Addresses) -> None:
    """Notes each request that goes elsewhere, and each complaint of the browser."""

    def asked(request: Request) -> None:
        if not request.url.startswith(where.gateway):
            visitor.asked_elsewhere.append(request.url)

    def answered(response: Response) -> None:
        if response.status >= 500:
            visitor.complaints.append(f"{response.status} {response.url}")

    context.on("request", asked)
    context.on("response", answered)
    visitor.page.on("pageerror", lambda error: visitor.complaints.append(str(error)))
    visitor.page.on(
        "console", lambda told: visitor.complaints.append(told.text) if "Content Security" in told.text else None
    )
