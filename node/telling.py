"""How a story is told on a screen: a paragraph a step, Dutch first, English below it, mails as they came."""

import re
import sys
import textwrap
from typing import Any, TextIO

from contracts.vocabulary import Language
from contracts.words import kind_in_words
from node.client import Mail

WIDTH = 100
MAIL_LINES_MAX = 16


class Teller:
    """Writes to a screen; colours only where there is one."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._colours = self._out.isatty()
        self._step = 0

    def step(self, dutch: str, english: str) -> None:
        self._step += 1
        self._write("")
        self._write(f"{self._bold(f'{self._step}. {dutch}')}  {self._dim(english)}")

    def say(self, dutch: str, english: str) -> None:
        for line in textwrap.wrap(dutch, WIDTH):
            self._write(f"   {line}")
        for line in textwrap.wrap(english, WIDTH):
            self._write(f"   {self._dim(line)}")

    def quote(self, proposition: dict[str, Any]) -> None:
        """What somebody asks or offers, in their own words."""
        kind = kind_in_words(proposition["kind"], Language.DUTCH)
        self._write(f"     “{proposition['title']}” ({kind}, {proposition['place']['name']})")
        for line in textwrap.wrap(proposition["text"], WIDTH - 4):
            self._write(f"       {line}")

    def list(self, items: list[str]) -> None:
        for item in items:
            self._write(f"     · {item}")

    def mail(self, mail: Mail) -> None:
        """Whom it was for, what it was about, and what it says."""
        self._write(f"     ✉ {mail.to}: {self._bold(mail.subject)}")
        for line in key_lines(mail.text):
            for part in textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False):
                self._write(f"       │ {part}")

    def end(self, dutch: str, english: str) -> None:
        self._write("")
        self.say(dutch, english)

    def _write(self, line: str) -> None:
        print(line, file=self._out, flush=True)

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._colours else text

    def _dim(self, text: str) -> str:
        return f"\x1b[2m{text}\x1b[0m" if self._colours else text


def key_lines(text: str) -> list[str]:
    """What a mail says between its greeting and its farewell; a token is not shown whole."""
    said = re.split(r"\n\n(?:Groet|Kind regards),", text, maxsplit=1)[0].strip()
    lines = [line for line in said.splitlines() if line]
    if lines and lines[0].endswith(","):
        lines = lines[1:]
    return [re.sub(r"(token=.{6})\S+", r"\1…", line) for line in lines[:MAIL_LINES_MAX]]
