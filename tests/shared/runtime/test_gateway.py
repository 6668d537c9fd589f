"""The gateway: calls go to the service their path names, unchanged, and who is silent is named."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from shared.runtime.gateway import gateway
from shared.runtime.settings import Settings, SettingsError, read_settings
from tests.shared.runtime.conftest import until

SILENT = "http://127.0.0.1:1"


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """The application at an address of its own."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(30)


def echo() -> FastAPI:
    """Tells what arrived."""
    app = FastAPI()

    @app.get("/intake/health/ready")
    def ready() -> JSONResponse:
        return JSONResponse({"ready": False, "causes": {"intake": ["no disk"]}}, 503)

    @app.get("/intake/drops")
    def drops() -> Response:
        return StreamingResponse(iter([b"a" * 100_000, b"b"]), headers={"x-said": "yes"})

    @app.api_route("/intake/{path:path}", methods=["GET", "POST", "DELETE"])
    async def told(request: Request) -> JSONResponse:
        body = await request.body()
        return JSONResponse(
            {
                "method": request.method, "path": request.scope["raw_path"].decode(), "query": request.url.query,
                "headers": dict(request.headers), "length": len(body), "body": body[:20].decode(),
            },
            418 if request.method == "DELETE" else 200,
        )

    return app


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving(echo()) as behind, serving(gateway({"intake": behind, "funding": SILENT})) as front:
        yield front


def test_a_call_arrives_as_it_was_made(url: str) -> None:
    given = {"Authorization": "Bearer pp_1"}
    answer = httpx.post(f"{url}/intake/files/a%2Fb?x=1&x=%C3%BC", content=b"b" * 30_000_000, headers=given)
    said: dict[str, Any] = answer.json()
    assert (said["method"], said["path"], said["query"]) == ("POST", "/intake/files/a%2Fb", "x=1&x=%C3%BC")
    assert (said["length"], said["body"]) == (30_000_000, "b" * 20)
    assert said["headers"]["authorization"] == "Bearer pp_1"
    assert said["headers"]["content-length"] == "30000000"
    assert said["headers"]["host"] == url.removeprefix("http://")


def test_a_body_of_unknown_length_is_passed_on_piece_by_piece(url: str) -> None:
    said = httpx.post(f"{url}/intake/files", content=iter([b"one", b"two"])).json()
    assert (said["length"], said["body"]) == (6, "onetwo")


def test_status_headers_and_body_come_back_as_they_were(url: str) -> None:
    assert httpx.delete(f"{url}/intake/files").status_code == 418
    answer = httpx.get(f"{url}/intake/drops")
    assert (answer.headers["x-said"], len(answer.content)) == ("yes", 100_001)


def test_a_service_that_is_silent_is_named_and_nothing_else_suffers(url: str) -> None:
    answer = httpx.get(f"{url}/funding/measures")
    assert answer.status_code == 503
    assert "funding does not answer" in answer.json()["detail"]
    assert httpx.get(f"{url}/intake/x").is_success


def test_readiness_gathers_the_causes_of_all(url: str) -> None:
    answer = httpx.get(f"{url}/health/ready")
    assert answer.status_code == 503
    causes = answer.json()["causes"]
    assert causes["intake"] == ["no disk"]
    assert "does not answer" in causes["funding"][0]
    assert httpx.get(f"{url}/health/live").is_success


def test_a_page_of_no_service_is_not_found(url: str) -> None:
    assert httpx.get(f"{url}/billing/x").status_code == 404


@pytest.mark.parametrize(
    ("given", "address"),
    [("http://{service}:8000", "http://funding:8000"), ("http://a:1, http://b:2/,http://c:3", "http://b:2")],
)
def test_one_pattern_or_three_addresses_say_where_services_are(given: str, address: str) -> None:
    assert Settings(services=given).address_of("funding") == address


@pytest.mark.parametrize("given", ["http://a:1", "http://a:1,http://b:2", "intake,funding,reporting"])
def test_anything_else_is_refused(given: str) -> None:
    with pytest.raises(SettingsError, match="PRUEFPFAD_SERVICES"):
        read_settings({"PRUEFPFAD_SERVICES": given})


def test_a_gateway_to_nowhere_is_refused() -> None:
    with pytest.raises(SettingsError, match="PRUEFPFAD_SERVICES is empty"):
        Settings().address_of("intake")
