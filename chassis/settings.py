"""The settings that every service has; each service adds its own by inheriting."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Read once from the environment (`ODH_...`) where a service is wired, and passed on as an argument."""

    model_config = SettingsConfigDict(env_prefix="ODH_", frozen=True, extra="ignore", hide_input_in_errors=True)

    node: str = Field(default="utrecht", pattern=r"^[a-z0-9-]{1,40}$", description="The name of this node.")
    host: str = Field(default="127.0.0.1", description="The address that the service listens on.")
    port: int = Field(default=8000, description="The port that the service listens on.")
    database_url: str = Field(
        default="postgresql+asyncpg://postgres@127.0.0.1:5432/odh", description="The service's own database."
    )
    database_connections_max: int = Field(default=10, ge=4, description="Database connections of one process.")
    nats_url: str = Field(default="nats://127.0.0.1:4222", description="The node's NATS server or servers.")
    nats_credentials_file: Path | None = Field(default=None, description="NATS credentials, where the server asks.")
    stream_replicas: int = Field(default=1, ge=1, le=5, description="On how many NATS servers a stream is kept.")
    identity_public_keys_file: Path | None = Field(
        default=None, description="The gateway's public keys (a JWK set), which sign who is calling."
    )
    body_bytes_max: int = Field(default=64 * 1024, description="The largest request body that is read.")
    body_seconds_max: float = Field(default=10.0, gt=0, description="How long a client may take to send a body.")
    group_size_max: int = Field(default=64, ge=1, description="How many commands share a transaction at the most.")
    group_lanes: int = Field(default=2, ge=1, description="How many grouped transactions run at the same time.")
    batch_size_max: int = Field(default=100, ge=1, description="How many events are handled in one transaction.")
    relay_batch_size_max: int = Field(default=500, ge=1, le=1000, description="Events per publish of the relay.")
    relay_poll_seconds: float = Field(default=1.0, description="The relay looks this often even when not woken.")
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
    idempotency_kept_days: int = Field(default=7, description="How long a reply can be replayed.")
    otlp_endpoint: str | None = Field(
        default=None, description="Where traces go (OTLP over HTTP); nothing is exported without it."
    )
    trace_ratio: float = Field(default=0.1, ge=0, le=1, description="The part of the traces that is recorded.")
    log_level: str = Field(default="INFO", description="The lowest level that is logged.")
