"""The HTTP application of a service, and the one that holds all services of a process.

Every service has the same pages beside its own: ``health/live``, ``health/ready`` (with causes), ``metrics``, ``docs`` (OpenAPI)
and ``asyncapi``; they work without internet. Health, metrics and these pages (which hold no data) need no token, nor does what
a service opens on purpose (``Service.open_pages``); every other call does. Errors are RFC 9457 problems that say
in English and German what happened and how to mend it.
"""

from __future__ import annotations

import hashlib
import html
import logging
import uuid
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, MutableMapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from fastapi.staticfiles import StaticFiles
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.routing import Match

from shared.messaging.resuming import NotStopped, OtherHistory
from shared.persistence.database import is_lost
from shared.runtime import problems, telemetry
from shared.runtime.access import MAY, ROLES, Action, Actor, Role, TokenFileUnreadable, Tokens, UnknownToken
from shared.runtime.problems import Problem, answers
from shared.runtime.service import NotOpen, OutcomeUnknown, Service
from shared.runtime.settings import SERVICES
from shared.values.subject import KINDS, key_of, kind_of, subject_of

log = logging.getLogger("pruefpfad.http")

STATIC: Final = Path(__file__).parent / "static"
START: Final = Path(__file__).parent / "start.html"
POLICY: Final = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'"
)
"""Content security policy of the pages: whatever a vendored script may try, the browser loads nothing from elsewhere."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


def answers_problems(app: FastAPI) -> None:
    """Let every error of the application leave as a problem; nothing of the inside shows."""

    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> Response:
        problem = error if isinstance(error, Problem) else problems.of_status(error, request)
        return problem.response(request)

    @app.exception_handler(RequestValidationError)
    def unreadable(request: Request, error: RequestValidationError) -> Response:
        return problems.of_validation(error).response(request)

    @app.exception_handler(NotOpen)
    def not_open(request: Request, error: NotOpen) -> Response:
        return problems.unavailable(error.causes).response(request)

    @app.exception_handler(OutcomeUnknown)
    def unknown(request: Request, _: OutcomeUnknown) -> Response:
        return problems.outcome_unknown().response(request)

    @app.exception_handler(TokenFileUnreadable)
    def no_tokens(request: Request, error: TokenFileUnreadable) -> Response:
        return problems.unavailable([str(error)]).response(request)

    @app.exception_handler(NotStopped)
    def not_stopped(request: Request, _: NotStopped) -> Response:
        service: Service = request.app.state.service
        return problems.not_stopped(service.name, request.query_params.get("subject", "")).response(request)

    @app.exception_handler(OtherHistory)
    def other_history(request: Request, error: OtherHistory) -> Response:
        return problems.other_history(str(error)).response(request)

    @app.exception_handler(SQLAlchemyError)
    def database(request: Request, error: SQLAlchemyError) -> Response:
        if is_lost(error):
            return problems.unavailable(["the database does not answer"]).response(request)
        return broken(request, error)

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        number = uuid.uuid4().hex[:12]
        log.error("fault %s at %s %s: %s", number, request.method, request.url.path, telemetry.in_one_line(error), exc_info=error)
        return problems.our_fault(number).response(request)


# ── Who calls ────────────────────────────────────────────────────────────────────────────────────────────────────────

_bearer = HTTPBearer(auto_error=False, description="A token of this installation; its role says what it may do.")


def authenticated(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Actor:
    """Dependency: who calls, whatever the role."""
    tokens: Tokens = request.app.state.tokens
    try:
        if given is None:
            raise UnknownToken("no token")
        return tokens.actor(given.credentials)
    except UnknownToken:
        raise problems.unauthorized() from None


def caller(request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]) -> Actor | None:
    """Dependency of a page that also answers without a token: who calls, or ``None``. A wrong token is refused all the same."""
    return None if given is None else authenticated(request, given)


@dataclass(frozen=True)
class _Allowed:
    """Lets these roles in. A value, so that it can be read off a route before its body is read (``_TokenFirst``)."""

    roles: tuple[Role, ...]

    def __call__(self, who: Annotated[Actor, Depends(authenticated)]) -> Actor:
        if who.role not in self.roles:
            raise problems.forbidden(who, self.roles)
        return who


def actor(*roles: Role) -> Any:
    """Dependency that lets these roles in and gives the ``Actor``: ``who: Annotated[Actor, actor("clerk")]``."""
    if unknown := [role for role in roles if role not in ROLES]:
        raise ValueError(f"{unknown[0]!r} is not a role, expected one of {', '.join(ROLES)}")
    return Depends(_Allowed(roles))


def may(action: Action) -> Any:
    """Dependency that lets in who may do this, by the fixed table ``access.MAY``: ``who: Annotated[Actor, may("hand_in")]``."""
    return actor(*MAY[action])


def this_service(request: Request) -> Service:
    """Dependency: the service whose page is called."""
    service: Service = request.app.state.service
    return service


Here = Annotated[Service, Depends(this_service)]
"""``def upload_file(intake: Here, …)``: the service a page belongs to."""


# ── What is asked for ────────────────────────────────────────────────────────────────────────────────────────────────


def subject_named(given: str, kinds: Sequence[str] = ("measure", "programme")) -> str:
    """The subject that a call names, as it is kept; 422 for one that does not say its kind, or says another one."""
    if kind_of(given) not in kinds or not key_of(given).strip():
        raise problems.wrong_subject(given, kinds)
    return subject_of(kind_of(given), key_of(given))


def only_known_parameters(request: Request) -> None:
    """Dependency: 422 for a query parameter the page does not know, which would be answered for something else if passed over."""
    known = sorted({*_parameters_of(request.scope["route"].dependant)})
    if unknown := [name for name in request.query_params if name not in known]:
        raise problems.unknown_parameters(unknown, known)


ANY_SUBJECT: Final = Query(description="`measure/M-1`, `account/DE…`, `programme/…`, `paper/…` or `file/…`")


def _parameters_of(dependant: Dependant) -> Iterator[str]:
    """Query parameters of a page and of what it depends on."""
    yield from (field.alias for field in dependant.query_params)
    for needed in dependant.dependencies:
        yield from _parameters_of(needed)


# ── Applications ─────────────────────────────────────────────────────────────────────────────────────────────────────


def application(service: Service, *routers: APIRouter) -> FastAPI:
    """The service's HTTP application: its own routers, all behind a token, and the pages every service has."""
    settings = service.settings
    app = FastAPI(
        title=f"Prüfpfad · {service.name}",
        version=service.version,
        description=service.description,
        docs_url=None,
        redoc_url=None,
        lifespan=_runs(service),
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.service, app.state.tokens = service, Tokens(settings.tokens_file)
    for router in (*service.pages, *routers, _delivery(service)):
        app.include_router(
            router, dependencies=[Depends(authenticated), Depends(only_known_parameters)], responses=answers(401, 403, 422, 503)
        )
    for router in service.open_pages:
        app.include_router(router, responses=answers(422, 503))
    app.openapi = partial(_described, app)  # type: ignore[method-assign]
    answers_problems(app)
    _has_health(app, [service])
    _has_docs(app, service)
    app.add_middleware(_BodyLimit, limit=settings.upload_bytes)
    app.add_middleware(_TokenFirst, tokens=app.state.tokens, pages=(app, *service.pages, *routers))
    return app


TAGS: Final = {
    "hand in": "Files, submissions of other services, and what became of them",
    "decide": "What a person says: instructions, and what waits for one",
    "figures": "Measures and programmes with their money, and the rules they are judged by",
    "findings": "What checks found, and how it is settled",
    "reports": "Issued, fetched and verified",
    "trail": "From a figure to the row it is from, and back; whether journals hold",
    "operate": "What came and went, what is stopped, whose token this is",
}
"""Parts of the description of a service, in the order in which they are shown."""


def example(value: Any, description: str = "Done") -> dict[str, Any]:
    """What an answer looks like, for a page's description: ``responses={200: example({…})}``."""
    return {"description": description, "content": {"application/json": {"example": value}}}


def _described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of an application, with what an error looks like and a word about each part."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, servers=app.servers
        )
        problem = problems.Answer.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = made.setdefault("components", {}).setdefault("schemas", {})
        schemas |= {**problem.pop("$defs"), "Problem": problem}
        for unused in ("HTTPValidationError", "ValidationError"):
            schemas.pop(unused, None)
        used = {tag for path in made["paths"].values() for call in path.values() for tag in call.get("tags", ())}
        made["tags"] = [{"name": tag, "description": about} for tag, about in TAGS.items() if tag in used]
        app.openapi_schema = made
    return app.openapi_schema


def _delivery(service: Service) -> APIRouter:
    """Pages about what came and went, and what must be seen to."""
    router = APIRouter(tags=["operate"])

    @router.get("/me", responses={200: example({"name": "amt-7", "role": "auditor", "may": ["look", "issue"]})})
    def me(who: Annotated[Actor, may("look")]) -> dict[str, Any]:
        """Whose token this is, its role, and what that may do."""
        return {"name": who.name, "role": who.role, "may": [action for action, roles in MAY.items() if who.role in roles]}

    @router.post("/replay")
    def replay(_: Annotated[Actor, may("operate")]) -> dict[str, int]:
        """Try parked facts again, and ask publishers for what is missing. Facts released, by consumer."""
        return service.ask_again()

    @router.post("/resume", responses=answers(404, 409))
    async def resume(who: Annotated[Actor, may("operate")], subject: Annotated[str, ANY_SUBJECT]) -> dict[str, list[str]]:
        """Let a subject that was stopped as forked go on, if its publisher's history is the one that was applied (else 409, and
        where they part). The consumers that go on; what follows is told again by itself."""
        return {"resumed": await service.resume(subject_named(subject, KINDS), who.name)}

    @router.get("/alarms")
    def alarms(_: Annotated[Actor, may("look")]) -> list[dict[str, Any]]:
        """What a person must look at, and nobody has acknowledged."""
        return service.alarms()

    @router.post("/acknowledge")
    def acknowledge(who: Annotated[Actor, may("operate")], subject: Annotated[str | None, ANY_SUBJECT] = None) -> dict[str, int]:
        """Say that the open alarms, or those of a subject, were seen to. They are kept; the same again opens them anew."""
        return {"acknowledged": service.acknowledge(who.name, subject and subject_named(subject, KINDS))}

    @router.get("/flow")
    def flow(_: Annotated[Actor, may("look")]) -> dict[str, Any]:
        """Where everything is: what was told, relayed and applied, what waits and why, what is still to do."""
        return _flow_of(service)

    return router


def _has_docs(app: FastAPI, service: Service) -> None:
    """Pages that describe the service; what they show lies beside them, none of it on the internet."""
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return _page(app.title, _SWAGGER)

    @app.get("/asyncapi", include_in_schema=False)
    def asyncapi() -> HTMLResponse:
        return _page(f"{app.title} · AsyncAPI", _ASYNCAPI)

    @app.get("/asyncapi.json", include_in_schema=False)
    def asyncapi_document() -> Response:
        return Response(service.asyncapi(), media_type="application/json")

    @app.get("/", include_in_schema=False)
    def to_docs(request: Request) -> RedirectResponse:
        return RedirectResponse(f"{request.scope.get('root_path', '')}/docs")


def _flow_of(service: Service) -> dict[str, Any]:
    return {**service.flow().as_dict(), "work": service.work_left()}


def root(services: Sequence[Service]) -> FastAPI:
    """The application of a process: each service under its name, a start page, and health and metrics of them all.

    One service alone is served the same way, so that addresses are the same in every mode.
    """
    app = FastAPI(title="Prüfpfad", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_runs(*services))
    app.state.tokens = Tokens(services[0].settings.tokens_file)
    answers_problems(app)
    _has_health(app, services)

    @app.get("/", include_in_schema=False)
    def index() -> HTMLResponse:
        return start_page(service.name for service in services)

    @app.get("/flow")
    def flow(_: Annotated[Actor, may("look")]) -> dict[str, Any]:
        """Where everything is, by service: what was told, relayed and applied, what waits and why, what is still to do."""
        return {service.name: _flow_of(service) for service in services}

    for service in services:
        app.mount(f"/{service.name}", application(service), name=service.name)
    return app


def _runs(*services: Service) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with AsyncExitStack() as stack:
            for service in services:
                await stack.enter_async_context(service.running())
            yield

    return lifespan


def _has_health(app: FastAPI, services: Sequence[Service]) -> None:
    looking = CapacityLimiter(4)    # health has threads of its own: it answers also while all others are at work

    @app.get("/health/live", include_in_schema=False)
    async def live() -> JSONResponse:
        causes = {service.name: cause for service in services if (cause := service.dead())}
        return JSONResponse({"live": not causes, "causes": causes}, 503 if causes else 200)

    @app.get("/health/ready", include_in_schema=False)
    async def ready() -> JSONResponse:
        def look() -> dict[str, list[str]]:
            return {service.name: list(found) for service in services if (found := service.causes())}

        causes = await run_sync(look, limiter=looking)
        return JSONResponse({"ready": not causes, "causes": causes}, 503 if causes else 200)

    @app.get("/metrics", include_in_schema=False)
    async def metrics() -> Response:
        page, kind = await run_sync(telemetry.exposition, [service.telemetry for service in services], limiter=looking)
        return Response(page, headers={"Content-Type": kind})


class _TokenFirst:
    """Refuses a body from whom its page would refuse, before a byte of it is read: bodies are spooled to disk before any page is
    asked. A request without a body costs nothing and goes on, so that pages without a token stay open.
    """

    def __init__(self, app: Any, tokens: Tokens, pages: Sequence[FastAPI | APIRouter]) -> None:
        self.app, self.tokens = app, tokens
        routes = (route for router in pages for route in router.routes if isinstance(route, APIRoute))
        self.routes = [(route, tuple(_roles_of(route.dependant))) for route in routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused = self._refused(scope) if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS") else None
        if refused is not None:
            await refused.response(Request(scope))(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _refused(self, scope: Scope) -> Problem | None:
        given = next((value for name, value in scope["headers"] if name == b"authorization"), b"").decode("latin-1")
        scheme, _, token = given.partition(" ")
        try:
            if scheme.lower() != "bearer":
                return problems.unauthorized()
            who = self.tokens.actor(token.strip())
        except UnknownToken:
            return problems.unauthorized()
        except TokenFileUnreadable as error:
            return problems.unavailable([str(error)])
        called = (roles for route, roles in self.routes if route.matches(scope)[0] is Match.FULL)
        refusing = next((roles for roles in next(called, ()) if who.role not in roles), None)
        return None if refusing is None else problems.forbidden(who, refusing)


def _roles_of(dependant: Dependant) -> Iterator[tuple[Role, ...]]:
    """The roles that each dependency of a page lets in."""
    for needed in dependant.dependencies:
        if isinstance(needed.call, _Allowed):
            yield needed.call.roles
        yield from _roles_of(needed)


class _BodyLimit:
    """Ends a request whose body is larger than allowed, whether or not it says so beforehand."""

    def __init__(self, app: Any, limit: int) -> None:
        self.app, self.limit = app, limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > self.limit:
            await problems.too_large(self.limit).response(Request(scope))(scope, receive, send)
            return
        seen = 0

        async def counted() -> MutableMapping[str, Any]:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > self.limit:
                raise problems.too_large(self.limit)
            return message

        await self.app(scope, counted, send)


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────────

_SWAGGER: Final = """<link rel="stylesheet" href="static/swagger-ui/swagger-ui.css">
<div id="page"></div>
<script src="static/swagger-ui/swagger-ui-bundle.js"></script>
<script>
SwaggerUIBundle({url: "openapi.json", dom_id: "#page", deepLinking: true, validatorUrl: null, persistAuthorization: false});
</script>"""

_ASYNCAPI: Final = """<link rel="stylesheet" href="static/asyncapi/default.min.css">
<div id="page"></div>
<script src="static/asyncapi/index.js"></script>
<script>
fetch("asyncapi.json").then(answer => answer.json()).then(schema => AsyncApiStandalone.render(
  {schema, config: {show: {sidebar: true, errors: true}, sidebar: {showServers: "byDefault", showOperations: "byDefault"}}},
  document.getElementById("page")));
</script>"""

HEADERS: Final = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}


def start_page(services: Iterable[str] = SERVICES) -> HTMLResponse:
    """What people see first: hand in, decide, look, issue. It shows the parts of those services that answer at its address.

    The browser runs its script and style and no other, by their digests.
    """
    page = START.read_text("utf-8")
    policy = (
        f"default-src 'self'; script-src {_digest_in(page, 'script')}; style-src {_digest_in(page, 'style')}; img-src data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    )
    return HTMLResponse(
        page.replace("SERVICES", html.escape(" ".join(services)), 1), headers={**HEADERS, "Content-Security-Policy": policy}
    )


def _digest_in(page: str, tag: str) -> str:
    """What a content security policy calls the content of a page's only element of this name."""
    content = page.partition(f"<{tag}>")[2].partition(f"</{tag}>")[0]
    return f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(
        f"<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'><title>{html.escape(title)}</title>"
        f"<link rel='icon' href='data:,'><style>body{{margin:0}}</style></head><body>{body}</body></html>",
        headers=HEADERS,
    )
