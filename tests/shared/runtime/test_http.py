"""The HTTP application: who gets in, what errors say, when it is ready, and pages that need no internet."""

from __future__ import annotations

import asyncio
import hashlib
import re
import socket
from base64 import b64encode
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from anyio.to_thread import current_default_thread_limiter
from fastapi.testclient import TestClient

from shared.runtime import http
from shared.runtime.access import MAY, ROLES, Role, create_token, revoke_token
from shared.runtime.service import OutcomeUnknown
from shared.runtime.settings import Settings
from shared.runtime.stack import Stack
from tests.shared.runtime import ping
from tests.shared.runtime.conftest import client

OPEN = ["/", "/health/live", "/health/ready", "/metrics"]
PAGES = ["/", "/intake/docs", "/intake/asyncapi", "/funding/docs", "/funding/asyncapi"]


def problem(answer: httpx.Response, status: int) -> dict[str, object]:
    """The problem an answer is; every one says title, detail and how to mend it, twice."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, object] = answer.json()
    assert body["status"] == status
    for said in (body, body["de"]):
        assert all(said[field] for field in ("title", "detail", "mend"))        # type: ignore[index]
    return body


# ── who gets in ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_call_needs_a_token(running: Stack) -> None:
    caller = client(running, None).http
    for service in running.services:
        for path, methods in caller.get(f"/{service.name}/openapi.json").json()["paths"].items():
            for method in methods:
                answer = caller.request(method, f"/{service.name}{path}")
                assert problem(answer, 401)["title"] == "Token needed"
                assert answer.headers["www-authenticate"].startswith("Bearer")
    problem(caller.get("/flow"), 401)


@pytest.mark.parametrize("path", OPEN)
def test_health_metrics_and_index_need_none(running: Stack, path: str) -> None:
    assert client(running, None).http.get(path).status_code == 200


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_do_what_the_table_says_and_nothing_else(running: Stack, role: Role) -> None:
    caller = client(running, role).http
    handed_in = caller.post("/intake/questions", params={"subject": "measure/roles", "first": 5_000, "count": 0})
    decided = caller.post("/intake/decisions")
    assert handed_in.status_code == (200 if role in MAY["hand_in"] else 403)
    assert decided.status_code == (200 if role in MAY["decide"] else 403)
    assert caller.get("/intake/questions/1").status_code == 200
    if decided.status_code == 403:
        assert problem(decided, 403)["roles"] == ["clerk"]


def test_the_actor_is_the_name_of_the_token(running: Stack) -> None:
    assert client(running, "clerk").http.post("/intake/decisions").json()["decided_by"].startswith("clerk-")


def test_a_revoked_token_is_refused_at_once(running: Stack) -> None:
    caller = client(running, "clerk").http
    name = caller.post("/intake/decisions").json()["decided_by"]
    revoke_token(running.settings, name)
    problem(caller.post("/intake/decisions"), 401)


@pytest.mark.parametrize("header", ["Basic abc", "Bearer", "Bearer pp_wrong", "pp_wrong"])
def test_anything_but_a_valid_bearer_token_is_refused(running: Stack, header: str) -> None:
    problem(httpx.post(f"{running.url}/intake/decisions", headers={"Authorization": header}), 401)


def test_without_a_token_no_body_is_waited_for(running: Stack) -> None:
    url = httpx.URL(running.url)
    head = f"POST /intake/questions HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    for token in ("", "Authorization: Bearer pp_unknown\r\n"):
        with socket.create_connection((url.host, url.port or 80), timeout=10) as caller:
            caller.sendall(f"{head}{token}Content-Length: 1000000\r\n\r\n".encode())        # and not a byte of it
            assert caller.recv(4096).startswith(b"HTTP/1.1 401 ")


def test_a_wrong_role_is_refused_before_the_body_is_read(running: Stack) -> None:
    """A hundred megabytes are announced and none is sent: who waits for them would never answer."""
    url = httpx.URL(running.url)
    token = create_token(running.settings, "reads-only", "auditor")
    length = "Content-Length: 100000000\r\n"
    for path in ("/intake/questions", "/intake/decisions", "/intake/replay"):
        with socket.create_connection((url.host, url.port or 80), timeout=10) as caller:
            caller.sendall(f"POST {path} HTTP/1.1\r\nHost: {url.host}\r\nAuthorization: Bearer {token}\r\n{length}\r\n".encode())
            assert caller.recv(4096).startswith(b"HTTP/1.1 403 ")


def test_a_large_body_of_the_wrong_role_is_refused(running: Stack) -> None:
    answer = client(running, "auditor").http.post("/intake/questions", files={"file": ("large.csv", bytes(30_000_000))})
    problem(answer, 403)


def test_health_answers_while_all_threads_are_at_work(tmp_path: Path) -> None:
    app = http.root([ping.funding(Settings(data=tmp_path))])

    async def story() -> None:
        limiter = current_default_thread_limiter()
        for n in range(int(limiter.total_tokens)):
            limiter.acquire_on_behalf_of_nowait(n)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as caller:
            for path, status in (("/health/live", 200), ("/health/ready", 503), ("/metrics", 200)):
                answer = await asyncio.wait_for(caller.get(path), 10)
                assert answer.status_code == status

    asyncio.run(story())


def test_a_role_that_does_not_exist_is_a_fault_of_the_program() -> None:
    with pytest.raises(ValueError, match="'king' is not a role"):
        http.actor("king")      # type: ignore[arg-type]


# ── what errors say ──────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_page_that_is_not_there(running: Stack) -> None:
    assert "/intake/nothing" in str(problem(client(running).http.get("/intake/nothing"), 404)["detail"])
    problem(client(running).http.get("/nothing"), 404)


def test_a_method_that_is_not_possible(running: Stack) -> None:
    problem(client(running).http.delete("/intake/decisions"), 405)


def test_fields_that_cannot_be_read_are_named_and_not_repeated(running: Stack) -> None:
    given = {"subject": "measure/M-1", "first": "Erika Musterfrau", "count": 1}
    answer = client(running).http.post("/intake/questions", params=given)
    (fault,) = problem(answer, 422)["faults"]           # type: ignore[misc]
    assert fault["where"] == "query.first"
    assert "valid integer" in fault["expected"]
    assert "Musterfrau" not in answer.text


def test_what_cannot_be_read_is_said_in_german_too(running: Stack) -> None:
    answer = client(running).http.post("/intake/questions", params={"subject": "measure/1", "first": "eins"})
    body = problem(answer, 422)
    assert "query.first: erwartet ist eine ganze Zahl" in str(body["de"])
    assert "(englisch)" not in str(body["de"])


def test_a_parameter_that_is_not_known_is_refused_with_what_was_meant(running: Stack) -> None:
    answer = client(running).http.post("/intake/questions", params={"subject": "measure/1", "frist": 1, "count": 0})
    body = problem(answer, 422)
    assert "frist" in str(body["detail"]) and body["mend"] == "Write first."
    assert problem(client(running).http.get("/intake/flow?as_of=2015-12-31"), 422)["mend"] == (
        "It takes no parameters; leave it out."
    )


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("HER-1", "measure/HER-1"), ("2021/941", "measure/2021/941"), ("mesure/HER-1", "measure/HER-1"),
        ("measure/", "measure/M-1"), (" ", "measure/M-1"),
    ],
)
def test_a_subject_that_does_not_say_its_kind_is_refused_with_what_was_meant(running: Stack, given: str, meant: str) -> None:
    body = problem(client(running, "operator").http.post("/funding/acknowledge", params={"subject": given}), 422)
    assert body["meant"] == meant
    assert meant in str(body["mend"]) and meant in str(body["de"])


def test_a_body_over_the_limit_is_refused_whether_it_says_so_or_not(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, upload_bytes=1_000)
    app = http.application(ping.intake(settings))

    @app.post("/echo")
    def echo(body: dict[str, str]) -> dict[str, str]:
        return body

    caller = TestClient(app, headers={"Authorization": f"Bearer {create_token(settings, 'amt', 'clerk')}"})
    assert caller.post("/echo", json={"a": "b"}).status_code == 200
    problem(caller.post("/echo", json={"a": "b" * 1_000}), 413)
    problem(caller.post("/echo", content=(b'{"a": "%b"}' % (b"b" * 100) for _ in range(20))), 413)


def test_a_fault_of_the_program_shows_a_number_and_nothing_else(tmp_path: Path) -> None:
    app = http.application(ping.intake(Settings(data=tmp_path)))

    @app.get("/fault")
    def fault() -> None:
        raise RuntimeError("inner secret")

    @app.get("/unknown")
    def unknown() -> None:
        raise OutcomeUnknown("saving broke")

    caller = TestClient(app, raise_server_exceptions=False)
    answer = caller.get("/fault")
    assert re.fullmatch("[0-9a-f]{12}", str(problem(answer, 500)["fault"]))
    assert "inner secret" not in answer.text
    assert problem(caller.get("/unknown"), 503)["title"] == "Outcome unknown"


def test_a_service_that_is_not_up_says_so_and_changes_nothing(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path)
    service = ping.intake(settings)
    app = http.application(service)

    @app.get("/try")
    def attempt() -> None:
        service.do(ping.answer, [])

    answer = TestClient(app).get("/try")
    assert problem(answer, 503)["causes"] == ["it is starting"]
    assert answer.headers["retry-after"] == "2"


# ── ready, or why not ────────────────────────────────────────────────────────────────────────────────────────────────


def test_ready_when_every_service_is(running: Stack) -> None:
    caller = client(running, None).http
    assert caller.get("/health/ready").json() == {"ready": True, "causes": {}}
    assert caller.get("/intake/health/ready").json() == {"ready": True, "causes": {}}
    assert caller.get("/health/live").json() == {"live": True, "causes": {}}


def test_not_ready_names_what_is_missing_by_service(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path, http="127.0.0.1:0", kafka="127.0.0.1:1", database="postgresql://{service}@127.0.0.1:1/{service}?connect_timeout=2"
    )
    with TestClient(http.root([ping.intake(settings), ping.funding(settings)])) as caller:
        answer = caller.get("/health/ready")
        assert answer.status_code == 503
        causes = answer.json()["causes"]
        assert set(causes) == {"intake", "funding"}
        assert caller.get("/health/live").status_code == 200


def test_two_services_in_one_process_have_metrics_of_their_own_on_one_page(running: Stack) -> None:
    page = client(running, None).http.get("/metrics").text
    for service in ("intake", "funding"):
        assert f'pruefpfad_outbox_age_seconds{{service="{service}"}}' in page
    assert page.count("# TYPE pruefpfad_outbox_age_seconds gauge") == 1
    assert 'service="funding"' not in client(running, None).http.get("/intake/metrics").text
    assert "pruefpfad_gauge_unreadable{" not in page


def test_the_flow_is_told_to_whoever_may_look(running: Stack) -> None:
    flow = client(running, "auditor").http.get("/flow").json()
    assert set(flow) == {"intake", "funding"}
    assert flow["intake"]["stream"] == "pruefpfad.intake"


# ── pages without internet ───────────────────────────────────────────────────────────────────────────────────────────


class Resources(HTMLParser):
    """What a browser would load for a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        for name in ("src", "href", "srcset", "data", "action"):
            if tag != "a" and (value := given.get(name)):
                self.found.append(value)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_nothing_from_elsewhere(running: Stack, path: str) -> None:
    caller = client(running, None).http
    page = caller.get(path)
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    resources = Resources()
    resources.feed(page.text)
    for resource in resources.found:
        if not resource.startswith("data:"):
            loaded = caller.get(urljoin(path, resource))
            assert loaded.status_code == 200
            if resource.endswith(".css"):
                outside = re.findall(r"(?:url\(|@import\s+)['\"]?(?:https?:)?//[^)'\"]+", loaded.text)
                assert outside == []


def test_the_start_page_runs_no_script_but_its_own(running: Stack) -> None:
    page = client(running, None).http.get("/")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    for tag in ("script", "style"):
        (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page.text, re.S)
        assert f"'sha256-{b64encode(hashlib.sha256(content.encode()).digest()).decode()}'" in policy
    assert not re.search(r"\son[a-z]+=|\sstyle=|javascript:", page.text.partition("<script>")[0])


def test_the_start_page_says_everything_in_both_languages_and_labels_every_field(running: Stack) -> None:
    page = client(running, None).http.get("/").text.partition("<script>")[0]
    assert page.count('<span lang="de">') == page.count('<span lang="en">') > 40
    fields = re.findall(r"<(?:input|select)\b[^>]*>", page)
    labelled = re.findall(r"<label\b.*?</label>", page, re.S)
    assert len(fields) == sum(len(re.findall(r"<(?:input|select)\b", label)) for label in labelled) > 20
    for name in re.findall(r'aria-labelledby="([^"]+)"', page) + re.findall(r'href="#([^"]+)"', page):
        assert f'id="{name}"' in page


def test_a_token_says_whose_it_is_and_what_it_may_do(running: Stack) -> None:
    me = client(running, "clerk").http.get("/intake/me").json()
    assert (me["role"], me["may"]) == ("clerk", ["look", "hand_in", "decide", "issue"])


def test_the_documents_behind_the_pages_name_calls_and_events(running: Stack) -> None:
    caller = client(running, None).http
    calls = caller.get("/intake/openapi.json").json()
    assert set(calls["paths"]) == {
        "/questions", "/questions/{number}", "/decisions", "/me", "/replay", "/resume", "/alarms", "/acknowledge", "/flow",
    }
    assert calls["servers"] == [{"url": "/intake"}]
    events = caller.get("/intake/asyncapi.json").json()
    assert "Asked" in str(events["components"]["schemas"].keys())
    assert {channel["address"] for channel in events["channels"].values()} == {"pruefpfad.intake", "pruefpfad.funding"}


def test_the_vendored_files_are_the_ones_that_were_noted() -> None:
    note = (http.STATIC / "README.md").read_text("utf-8")
    noted = dict(re.findall(r"\| `([^`]+)` \|.*`([0-9a-f]{64})` \|", note))
    vendored = {str(file.relative_to(http.STATIC)) for file in http.STATIC.rglob("*") if file.suffix in (".js", ".css")}
    assert set(noted) == vendored
    for name, digest in noted.items():
        assert hashlib.sha256((http.STATIC / name).read_bytes()).hexdigest() == digest
