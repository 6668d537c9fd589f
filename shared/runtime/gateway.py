"""One address for services that run in processes of their own: every call goes to the service its path begins with.

It holds nothing and decides nothing: tokens, limits and answers are the services'. With it, people, browsers and the command line
find in containers the same addresses as in one process. Any other reverse proxy that keeps paths can take its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any, Final

import httpx
from fastapi import FastAPI, Header, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response, StreamingResponse
from starlette.background import BackgroundTask

from shared.runtime import problems
from shared.runtime.http import answers_problems, start_page

METHODS: Final = ["GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE"]
PATIENCE: Final = httpx.Timeout(600.0, connect=5.0)
"""A report of ten thousand vouchers takes its time; that nobody is there is known at once."""
OF_ONE_CONNECTION: Final = frozenset((
    "connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
))
"""Headers that speak of one connection and not of the message (RFC 9110, 7.6.1)."""


class _Behind:
    """The services behind the gateway, asked at their addresses."""

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self.addresses = addresses
        self._http = httpx.AsyncClient(timeout=PATIENCE, limits=httpx.Limits(max_connections=200), trust_env=False)

    async def close(self) -> None:
        await self._http.aclose()

    async def each(self, path: str, headers: Mapping[str, str] | None = None) -> dict[str, httpx.Response | str]:
        """What each service answers at a path of its own, or why it does not."""

        async def ask(name: str, address: str) -> httpx.Response | str:
            try:
                return await self._http.get(f"{address}/{name}{path}", headers=headers, timeout=10)
            except httpx.TransportError as error:
                return _silent(name, error)

        answers = await asyncio.gather(*(ask(name, address) for name, address in self.addresses.items()))
        return dict(zip(self.addresses, answers, strict=True))

    async def pass_on(self, service: str, request: Request) -> Response:
        """The service's own answer to a call, as it streams in; neither side's body is held."""
        headers = [(name, value) for name, value in request.headers.items() if name not in OF_ONE_CONNECTION]
        has_body = "content-length" in request.headers or "transfer-encoding" in request.headers
        address = httpx.URL(self.addresses[service]).copy_with(raw_path=_as_called(request))
        call = httpx.Request(request.method, address, headers=headers, content=request.stream() if has_body else None)
        try:
            answer = await self._http.send(call, stream=True)
        except httpx.TransportError as error:
            raise problems.unavailable([_silent(service, error)]) from None
        passed = StreamingResponse(answer.aiter_raw(), answer.status_code, background=BackgroundTask(answer.aclose))
        passed.raw_headers = [(n, v) for n, v in answer.headers.raw if n.decode("latin-1").lower() not in OF_ONE_CONNECTION]
        return passed


def gateway(services: Mapping[str, str]) -> FastAPI:
    """The application that passes calls on; ``services``: the address of each service by its name."""
    behind = _Behind(services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        await behind.close()

    app = FastAPI(title="Prüfpfad", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan)
    answers_problems(app)

    @app.get("/", include_in_schema=False)
    def index() -> HTMLResponse:
        return start_page()

    @app.get("/health/live", include_in_schema=False)
    def live() -> dict[str, Any]:
        return {"live": True, "causes": {}}

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        causes: dict[str, list[str]] = {}
        for name, answer in (await behind.each("/health/ready")).items():
            causes |= {name: [answer]} if isinstance(answer, str) else answer.json()["causes"]
        return JSONResponse({"ready": not causes, "causes": causes}, 503 if causes else 200)

    @app.get("/flow")
    async def flow(authorization: Annotated[str, Header()] = "") -> Response:
        answers = await behind.each("/flow", {"authorization": authorization})
        if silent := [answer for answer in answers.values() if isinstance(answer, str)]:
            raise problems.unavailable(silent)
        told = {name: answer for name, answer in answers.items() if isinstance(answer, httpx.Response)}
        refused = next((answer for answer in told.values() if answer.is_error), None)
        if refused is not None:
            return Response(refused.content, refused.status_code, {"content-type": refused.headers["content-type"]})
        return JSONResponse({name: answer.json() for name, answer in told.items()})

    @app.api_route("/{service}/{path:path}", methods=METHODS, include_in_schema=False)
    async def pass_on(service: str, request: Request) -> Response:
        if service not in services:
            raise problems.not_found("page", "Die Seite", request.url.path)
        return await behind.pass_on(service, request)

    return app


def _as_called(request: Request) -> bytes:
    """Path and query as they were sent: what is escaped stays escaped."""
    path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return path + (b"?" + query if query else b"")


def _silent(service: str, error: httpx.TransportError) -> str:
    return f"{service} does not answer: {type(error).__name__}{f': {error}' if str(error) else ''}"
