"""The settings that every service has; each service adds its own by inheriting."""

import os
import re
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)


def _without_a_slash(url: str) -> str:
    if not re.fullmatch(r"https?://[!-;=?-~]+", url):  # it goes into the headers of mails, between < and >
        raise ValueError("must begin with https:// or http://, without spaces or other than ASCII characters")
    return url.rstrip("/")


#: An address that a path is put behind: without a slash at its end, whether it was given with one or not.
Url = Annotated[str, AfterValidator(_without_a_slash)]

#: Where the node is for a browser; each service that says it names it `public_url`.
PublicUrl = Annotated[
    Url,
    Field(
        description="The public address of the node: links in pages, mails and calendars begin with it. When it begins "
        "with https://, cookies are only sent over TLS."
    ),
]
PUBLIC_URL = "http://127.0.0.1:8000"

NodeTeamEmail = Annotated[
    str | None,
    Field(
        pattern=r"^[\w.+-]+@[\w.-]+$",
        description="Where people reach the node's team by mail: at the foot of each page, where something is "
        "reported, in mails, and where an answer to a mail goes; none: no page and no mail says it. The same for the "
        "gateway and notify.",
    ),
]

NetworksFolder = Annotated[
    Path | None,
    Field(
        description="A folder with networks that are not among the first four, each a file `<name>.toml`; the same for "
        "partners, insight and the gateway."
    ),
]


UnansweredAfterDays = Annotated[
    int,
    Field(
        ge=1,
        description="A request without an introduction by then is marked as unanswered; sooner when its last match "
        "lapsed because who offers, or who looks at it, did not answer. The same for matching and the gateway, which "
        "says so to who asks.",
    ),
]
UNANSWERED_AFTER_DAYS = 14


class Settings(BaseSettings):
    """Read once from the environment (`ODH_...`) where a service is wired, and passed on as an argument.

    What holds a password need not be in the environment: `ODH_DATABASE_URL_FILE` names a file that has it.
    """

    model_config = SettingsConfigDict(env_prefix="ODH_", frozen=True, extra="ignore", hide_input_in_errors=True)

    node: str = Field(default="utrecht", pattern=r"^[a-z0-9-]{1,40}$", description="The name of this node.")
    national_node: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9-]{1,40}$",
        description="The name of the national node, on every node that belongs to it and on itself; none: alone.",
    )
    host: str = Field(default="127.0.0.1", description="The address that the service listens on.")
    port: int = Field(default=8000, description="The port that the service listens on.")
    database_url: str = Field(
        default="postgresql+asyncpg://postgres@127.0.0.1:5432/odh", description="The service's own database."
    )
    database_connections_max: int = Field(default=10, ge=4, description="Database connections of one process.")
    nats_url: str = Field(default="nats://127.0.0.1:4222", description="The node's NATS server or servers.")
    nats_credentials_file: Path | None = Field(default=None, description="NATS credentials, where the server asks.")
    nats_tls_ca_file: Path | None = Field(
        default=None, description="Who signed the certificate of the NATS server (PEM); with it the connection is TLS."
    )
    stream_replicas: int = Field(default=1, ge=1, le=5, description="On how many NATS servers a stream is kept.")
    identity_public_keys_file: Path | None = Field(
        default=None, description="The gateway's public keys (a JWK set), which sign who is calling."
    )
    body_bytes_max: int = Field(default=64 * 1024, description="The largest request body that is read.")
    body_seconds_max: float = Field(default=10.0, gt=0, description="How long a client may take to send a body.")
    calls_waiting_max: int = Field(
        default=256, ge=1, description="How many calls may wait for an answer in one process; the next is refused."
    )
    group_size_max: int = Field(default=64, ge=1, description="How many commands share a transaction at the most.")
    group_lanes: int = Field(default=2, ge=1, description="How many grouped transactions run at the same time.")
    batch_size_max: int = Field(default=100, ge=1, description="How many events are handled in one transaction.")
    relay_batch_size_max: int = Field(default=500, ge=1, le=1000, description="Events per publish of the relay.")
    relay_poll_seconds: float = Field(default=1.0, description="The relay looks this often even when not woken.")
    relay_removed_seconds: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="What is published leaves the outbox so much later, so that one statement removes many.",
    )
    said_kept_hours: float = Field(
        default=24.0, ge=0, description="How long what was said is kept, to say it again when the broker lost it."
    )
    ack_wait_seconds: float = Field(
        default=2.0, description="After this silence the broker gives an event to another replica."
    )
    attempts_max: int = Field(default=6, ge=1, description="After this many failures an event is a dead letter.")
    deliveries_max: int = Field(
        default=20, description="An event delivered more often never lets its handler finish: a dead letter."
    )
    handler_seconds_max: float = Field(
        default=30.0, description="A handler that takes longer has failed, as if it had raised an error."
    )
    retry_delay_seconds_first: float = Field(default=0.5, description="The wait before the second attempt.")
    retry_delay_seconds_max: float = Field(default=60.0, description="The longest wait between two attempts.")
    otlp_endpoint: str | None = Field(
        default=None, description="Where traces and metrics go (OTLP over HTTP); nothing is exported without it."
    )
    metrics_seconds: float = Field(default=15.0, gt=0, description="How often metrics are exported.")
    trace_ratio: float = Field(default=0.1, ge=0, le=1, description="The part of the traces that is recorded.")
    log_level: str = Field(
        default="INFO",
        pattern="^(DEBUG|INFO|WARNING|ERROR|CRITICAL)$",
        description="The lowest level that is logged.",
    )

    @property
    def is_national(self) -> bool:
        """Whether this is the national node."""
        return self.node == self.national_node

    @property
    def is_region(self) -> bool:
        """Whether this is a region of a national node."""
        return self.national_node is not None and not self.is_national

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment and the files that it names; there is no .env and no folder of secrets."""
        return init_settings, FromNamedFiles(settings_cls), FromEnvironment(settings_cls)


class FromEnvironment(EnvSettingsSource):
    """Reads a setting from its variable; an empty one is not set where there is nothing without it.

    So a line of `.env` can be made empty to have none: no file and no address is called ''. A text may be empty.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value, under which name, and whether it is JSON."""
        value, key, value_is_complex = super().get_field_value(field, field_name)
        return (None if value == "" and field.default is None else value), key, value_is_complex


class FromNamedFiles(EnvSettingsSource):
    """Reads a setting from the file that `<its variable>_FILE` names, without the space around it."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The value, under which name, and whether it is JSON.

        Raises `ValueError` when the setting was given twice, and `OSError` when the file cannot be read: the default
        that would be used instead is another database.
        """
        file, _, value_is_complex = super().get_field_value(field, f"{field_name}_file")
        if not file:
            return None, field_name, value_is_complex
        if super().get_field_value(field, field_name)[0] is not None:
            raise ValueError(f"ODH_{field_name.upper()} and ODH_{field_name.upper()}_FILE are both set")
        return Path(file).read_text(encoding="utf-8").strip(), field_name, value_is_complex


def defaults() -> Settings:
    """What holds where nothing is set, and the node's name: for who can only say that what is set cannot be used."""
    return Settings.model_construct(node=os.environ.get("ODH_NODE", Settings.model_fields["node"].default))


def faults_of(error: ValidationError | SettingsError) -> list[str]:
    """A line for each setting that cannot be used, with its variable; its value, which may be secret, is in none."""
    if isinstance(error, SettingsError):
        named = re.search('field "(.+?)"', str(error))
        return [_fault(named.groups() if named else (), str(error.__cause__ or error))]
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return [_fault(fault["loc"], fault["msg"].removeprefix("Value error, ")) for fault in faults]


def _fault(where: tuple[int | str, ...], told: str) -> str:
    """`where` begins with the setting; it is empty for settings that do not go together."""
    if not where:
        return told
    variable = f"ODH_{where[0]}".upper()
    return f"{variable}_FILE: {told}" if f"{variable}_FILE" in os.environ else f"{variable}: {told}"
