"""The devices on which a member is told. A page keeps them on their behalf: it knows the browser that asks."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel, Field, model_validator
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from chassis import Command, FieldErrors, Input, Now, ReadSession, Reply, SignedIn
from chassis.outward import URL_CHARACTERS_MAX, check_url
from services.notify.api import settings_of
from services.notify.push import devices
from services.notify.push.sealing import check_keys

router = APIRouter(prefix="/v1/push-devices", tags=["push devices"])

DeviceId = Annotated[str, Path(min_length=16, max_length=64, pattern=r"^[\w-]+$")]


class DevicesView(BaseModel):
    """With which key devices are told, and which of the caller's are."""

    public_key: str | None = Field(description="None: this node tells no devices.")
    device_ids: list[str]


class DeviceDraft(Input):
    """What a browser gives of its push service."""

    endpoint: str = Field(max_length=URL_CHARACTERS_MAX)
    p256dh: str = Field(max_length=200)
    auth: str = Field(max_length=100)

    @model_validator(mode="after")
    def _has_keys(self) -> "DeviceDraft":
        check_keys(self.p256dh, self.auth)
        return self


@router.get("")
async def read_devices(request: Request, who: SignedIn, session: ReadSession) -> DevicesView:
    """The caller's devices."""
    seal = settings_of(request).push_seal
    return DevicesView(
        public_key=seal.public_key if seal else None, device_ids=await devices.devices_of(session, who.references)
    )


@router.put("/{device_id}", status_code=204)
async def keep_device(
    request: Request, device_id: DeviceId, draft: DeviceDraft, who: SignedIn, now: Now, command: Command
) -> Response:
    """The caller is told on this device from now on."""
    try:
        check_url(draft.endpoint, to_private=settings_of(request).push_to_private)
    except ValueError as error:
        raise FieldErrors([("endpoint", str(error))]) from None

    async def keep(session: AsyncSession) -> Reply:
        await devices.keep(session, device_id, who.references, **draft.model_dump(), now=now)
        return Reply(status=204)

    return await command(keep)


@router.delete("/{device_id}", status_code=204)
async def end_device(device_id: DeviceId, who: SignedIn, command: Command) -> Response:
    """The caller is told nothing on this device any more."""

    async def end(session: AsyncSession) -> Reply:
        await devices.end(session, device_id, who.references)
        return Reply(status=204)

    return await command(end)
