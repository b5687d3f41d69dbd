"""What the catcher does to those who send it mail: nothing special, until a test says otherwise."""

from fnmatch import fnmatchcase
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Rule(BaseModel):
    """What happens to mail for the recipients that fit `to`; the first rule that fits, decides."""

    model_config = ConfigDict(extra="forbid")

    to: str = Field(default="*", description="A recipient, or a pattern such as *@school.example.")
    stage: Literal["rcpt", "data"] = Field(default="rcpt", description="Where in the conversation it answers.")
    answer: int = Field(default=250, ge=200, le=599, description="The code: 451 for later, 550 for never.")
    text: str = Field(default="as the test asks", max_length=200, pattern=r"^[\x20-\x7e]*$")
    wait_seconds: float = Field(default=0, ge=0, le=60, description="How long it takes before it answers.")
    hang_up: Literal["before-answer", "after-answer"] | None = Field(
        default=None, description="Closes the connection: at stage data, the mail has been stored already."
    )
    times: int | None = Field(default=None, ge=1, description="How often it does so; without it, always.")

    def fits(self, stage: str, recipients: list[str]) -> bool:
        return (
            self.stage == stage
            and self.times != 0
            and any(fnmatchcase(recipient.lower(), self.to.lower()) for recipient in recipients)
        )


class Behaviour(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rules: list[Rule] = Field(default_factory=list, max_length=100)

    def rule_for(self, stage: Literal["rcpt", "data"], recipients: list[str]) -> Rule | None:
        """The rule that decides now; it counts as used."""
        for rule in self.rules:
            if rule.fits(stage, recipients):
                if rule.times is not None:
                    rule.times -= 1
                return rule
        return None
