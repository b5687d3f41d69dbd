"""How large a request body may be, whether its length is told beforehand or not."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import Problem


class BodyTooLarge(Problem, slug="body-too-large", status=413, title="The body is too large"):
    """More bytes came in than are read."""


class LimitBodies:
    """ASGI middleware that refuses a body over the limit before anything has read it whole."""

    def __init__(self, app: ASGIApp, bytes_max: int) -> None:
        self.app, self.bytes_max = app, bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if told.isdigit() and int(told) > self.bytes_max:
            await self._refuse(scope, receive, send)
            return
        seen, answered = 0, False

        async def receive_counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.bytes_max:
                raise BodyTooLarge(bytes_max=self.bytes_max)
            return message

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, receive_counted, send_noted)
        except BodyTooLarge:
            if not answered:
                await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        await BodyTooLarge(bytes_max=self.bytes_max).response()(scope, receive, send)
