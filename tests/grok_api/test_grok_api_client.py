"""What the client does on the wire: one POST, patient GETs, the key where it belongs."""

from __future__ import annotations

import logging
import pickle
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any

import pytest
import requests

from grok_api import (
    ApiError,
    AuthError,
    BadRequest,
    ConnectionLost,
    InvalidRequest,
    Malformed,
    NotFound,
    NotSent,
    Pending,
    QuotaError,
    RateLimited,
    ServerError,
    VideoClient,
    VideoRequest,
)
from grok_api.failures import never_sent

KEY = "sk-canary-0123456789abcdef"
REQUEST = VideoRequest("a cat")
CREATED = (200, {"request_id": "r1"})


def test_create_is_one_exact_post(gateway: Any, client: VideoClient) -> None:
    gateway.answer(*CREATED)
    assert client.create(VideoRequest('猫 "x"', 7, "720p", "1:1")) == Pending("r1")
    (seen,) = gateway.seen
    assert (seen.method, seen.path) == ("POST", "/v1/videos")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.headers["content-type"] == "application/json"
    assert seen.document == {
        "model": "grok-imagine-video",
        "prompt": '猫 "x"',
        "duration": 7,
        "resolution": "720p",
        "aspect_ratio": "1:1",
    }


def test_nothing_is_sent_for_a_mistake(gateway: Any, client: VideoClient) -> None:
    with pytest.raises(InvalidRequest):
        client.create(VideoRequest(" "))
    assert gateway.seen == []


@pytest.mark.parametrize("status", [400, 401, 402, 403, 408, 409, 429, 500, 502, 503, 504, 524])
def test_a_post_is_never_repeated(gateway: Any, client: VideoClient, status: int) -> None:
    gateway.answer(status, {"error": {"message": "x"}}, {"Retry-After": "0"})
    with pytest.raises(ApiError):
        client.create(REQUEST)
    assert len(gateway.seen) == 1


def test_every_post_has_its_own_connection(gateway: Any, client: VideoClient) -> None:
    ports = []

    def script(seen: Any, handler: Any) -> Any:
        ports.append(handler.client_address[1])
        return 200, {}, {"request_id": "r1"}

    gateway.script = script
    for _ in range(3):
        client.create(REQUEST)
    assert len(set(ports)) == 3


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_follows_no_redirect(
    gateway: Any, cdn: Any, client: VideoClient, status: int
) -> None:
    gateway.answer(status, b"", {"Location": cdn.url + "/v1/videos"})
    with pytest.raises(Malformed) as caught:
        client.create(REQUEST)
    assert caught.value.ambiguous
    assert len(gateway.seen) == 1
    assert cdn.seen == []


def test_a_get_follows_redirects_at_home_with_the_key(gateway: Any, client: VideoClient) -> None:
    gateway.sequence((302, b"", {"Location": "/elsewhere"}), (200, {"status": "pending"}))
    assert client.retrieve("r1").kind == "pending"
    assert [seen.path for seen in gateway.seen] == ["/v1/videos/r1", "/elsewhere"]
    assert all(seen.headers["authorization"] == f"Bearer {KEY}" for seen in gateway.seen)


def test_a_get_does_not_leave_home(gateway: Any, cdn: Any, client: VideoClient) -> None:
    gateway.answer(302, b"", {"Location": cdn.url + "/x"})
    with pytest.raises(Malformed):
        client.retrieve("r1")
    assert cdn.seen == []


def test_redirects_end(gateway: Any, client: VideoClient) -> None:
    gateway.answer(302, b"", {"Location": "/again"})
    with pytest.raises(Malformed):
        client.retrieve("r1")
    assert len(gateway.seen) == 4


def test_a_get_is_repeated_while_the_server_is_out_of_order(
    gateway: Any, client: VideoClient
) -> None:
    gateway.sequence((500, ""), (502, "<html>"), (200, {"status": "pending", "progress": "30%"}))
    assert client.retrieve("r1") == Pending("r1", 30, "pending")
    assert len(gateway.seen) == 3


def test_no_retries_means_one_get(gateway: Any) -> None:
    gateway.answer(500)
    with pytest.raises(ServerError):
        VideoClient(KEY, gateway.url, retries=0).retrieve("r1")
    assert len(gateway.seen) == 1


@pytest.mark.parametrize("status", [400, 401, 402, 404, 429, 501])
def test_what_does_not_pass_is_asked_once(gateway: Any, client: VideoClient, status: int) -> None:
    gateway.answer(status, {"error": {"message": "x"}})
    with pytest.raises(ApiError):
        client.retrieve("r1")
    assert len(gateway.seen) == 1


def test_a_wait_past_the_deadline_is_left_to_the_caller(gateway: Any, client: VideoClient) -> None:
    gateway.answer(503, "", {"Retry-After": "1000"})
    with pytest.raises(ServerError) as caught:
        client.retrieve("r1")
    assert caught.value.retry_after == 1000
    assert len(gateway.seen) == 1


def drip_headers(seen: Any, handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(handler)


def drip_body(seen: Any, handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n{")
    _drip(handler)


def drip_without_length(seen: Any, handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    _drip(handler)


def _drip(handler: Any) -> None:
    while True:
        handler.wfile.write(b" ")
        handler.wfile.flush()
        time.sleep(0.01)


@pytest.mark.parametrize("script", [drip_headers, drip_body, drip_without_length])
def test_a_dripping_server_is_left_at_the_deadline(gateway: Any, script: Any) -> None:
    gateway.script = script
    client = VideoClient(KEY, gateway.url, retries=0, create_timeout=0.15, retrieve_timeout=0.15)
    began = time.monotonic()
    with pytest.raises(ConnectionLost) as caught:
        client.create(REQUEST)
    assert caught.value.ambiguous
    with pytest.raises(ConnectionLost) as caught:
        client.retrieve("r1")
    assert not caught.value.ambiguous
    assert time.monotonic() - began < 2
    assert len(gateway.seen) == 2


def hang_up(seen: Any, handler: Any) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def test_a_connection_that_breaks_is_ambiguous(gateway: Any, client: VideoClient) -> None:
    gateway.script = hang_up
    with pytest.raises(ConnectionLost) as caught:
        client.create(REQUEST)
    assert caught.value.ambiguous
    assert caught.value.sent
    assert len(gateway.seen) == 1


def test_an_answer_cut_short_is_ambiguous(gateway: Any, client: VideoClient) -> None:
    gateway.answer(200, '{"request_id"', {"Content-Length": "100", "Connection": "close"})
    with pytest.raises(ServerError) as caught:
        client.create(REQUEST)
    assert caught.value.ambiguous


def test_a_refusal_cut_short_is_a_refusal(gateway: Any, client: VideoClient) -> None:
    gateway.answer(401, '{"error', {"Content-Length": "100", "Connection": "close"})
    with pytest.raises(AuthError):
        client.create(REQUEST)


def test_an_endless_answer_is_not_read(gateway: Any, client: VideoClient) -> None:
    gateway.answer(200, b"[" + b"1," * 2_000_000)
    with pytest.raises(Malformed) as caught:
        client.create(REQUEST)
    assert caught.value.ambiguous


def test_broken_compression(gateway: Any, client: VideoClient) -> None:
    gateway.answer(200, b"not gzip", {"Content-Encoding": "gzip"})
    with pytest.raises(Malformed):
        client.create(REQUEST)


def refused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_refused_connection_is_proof() -> None:
    client = VideoClient(KEY, f"http://127.0.0.1:{refused_port()}", retries=0)
    for call in (lambda: client.create(REQUEST), lambda: client.retrieve("r1")):
        with pytest.raises(NotSent) as caught:
            call()
        assert not caught.value.sent
        assert not caught.value.ambiguous


def test_a_name_that_does_not_resolve_is_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    monkeypatch.setenv("NO_PROXY", "*")
    with pytest.raises(NotSent):
        VideoClient(KEY, "https://api.example.com").create(REQUEST)


def test_a_connect_that_takes_too_long_is_proof(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: Any) -> None:
        raise TimeoutError("timed out")

    monkeypatch.setattr(socket.socket, "connect", late)
    with pytest.raises(NotSent):
        VideoClient(KEY, "http://127.0.0.1:9").create(REQUEST)


def test_a_handshake_that_fails_is_proof(gateway: Any) -> None:
    with pytest.raises(NotSent):
        VideoClient(KEY, gateway.url.replace("http:", "https:")).create(REQUEST)
    assert gateway.seen == []


def test_the_chain_of_causes_decides_for_a_session_of_ones_own(gateway: Any) -> None:
    session = requests.Session()
    session.trust_env = False
    gateway.answer(*CREATED)
    assert VideoClient(KEY, gateway.url, session=session).create(REQUEST) == Pending("r1")
    refused = VideoClient(KEY, f"http://127.0.0.1:{refused_port()}", session=session)
    with pytest.raises(NotSent):
        refused.create(REQUEST)
    gateway.script = hang_up
    with pytest.raises(ConnectionLost) as caught:
        VideoClient(KEY, gateway.url, session=session).create(REQUEST)
    assert caught.value.ambiguous


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (requests.ReadTimeout("x"), ConnectionLost),
        (requests.ConnectionError("x"), ConnectionLost),
        (requests.ConnectTimeout("x"), NotSent),
    ],
)
def test_errors_of_an_adapter_that_is_replaced(
    monkeypatch: pytest.MonkeyPatch, error: Exception, expected: type[ApiError]
) -> None:
    def send(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", send)
    with pytest.raises(expected) as caught:
        VideoClient(KEY, "https://api.example.com").create(REQUEST)
    assert caught.value.ambiguous == (expected is ConnectionLost)


def test_in_doubt_a_request_counts_as_sent() -> None:
    assert not never_sent(requests.ConnectionError("x"))
    assert not never_sent(requests.exceptions.SSLError("bad record mac"))
    assert not never_sent(requests.ReadTimeout("x"))
    assert never_sent(requests.ConnectTimeout("x"))


FIRST = "/v1/videos"
SECOND = "/v1/videos/generations"
UNROUTED = [
    (404, ""),
    (404, {"error": {"message": "Invalid URL (POST /v1/videos)"}}),
    (405, {"error": {"message": "Method Not Allowed"}}),
    (415, "Expected request with `Content-Type: application/json`"),
    (501, {"error": {"message": "API not implemented", "code": "api_not_implemented"}}),
    (400, {"code": "invalid_api_platform", "message": "invalid api platform: 48"}),
]


def paths(gateway: Any) -> list[str]:
    return [seen.path for seen in gateway.seen]


@pytest.mark.parametrize("answer", UNROUTED)
def test_the_second_path_where_the_first_is_not_there(
    gateway: Any, client: VideoClient, answer: tuple[int, Any]
) -> None:
    gateway.sequence(answer, CREATED)
    assert client.create(REQUEST) == Pending("r1")
    client.create(REQUEST)
    assert paths(gateway) == [FIRST, SECOND, SECOND]


@pytest.mark.parametrize("answer", UNROUTED)
def test_a_path_that_is_set_is_the_only_one(gateway: Any, answer: tuple[int, Any]) -> None:
    gateway.answer(*answer)
    with pytest.raises(ApiError) as caught:
        VideoClient(KEY, gateway.url, create_path="/v1/video/create").create(REQUEST)
    assert not caught.value.ambiguous
    assert paths(gateway) == ["/v1/video/create"]


@pytest.mark.parametrize(
    "answer",
    [
        (404, {"error": "The model x does not exist or your team does not have access to it."}),
        (404, {"error": {"message": "模型不存在"}}),
        (404, {"error": {"message": "Invalid API key"}}),
        (404, {"error": {"message": "insufficient balance"}}),
        (400, {"error": {"message": "bad prompt"}}),
        (401, ""),
        (429, ""),
        (500, ""),
        (503, {"error": {"code": "model_not_found", "message": "无可用渠道"}}),
        (200, ""),
        (302, ""),
    ],
)
def test_no_second_try_for_anything_else(
    gateway: Any, client: VideoClient, answer: tuple[int, Any]
) -> None:
    gateway.answer(*answer)
    with pytest.raises(ApiError):
        client.create(REQUEST)
    assert paths(gateway) == [FIRST]


def test_where_both_paths_are_missing_the_first_is_spoken_of(
    gateway: Any, client: VideoClient
) -> None:
    gateway.sequence((404, {"error": "first"}), (405, {"error": "second"}))
    with pytest.raises(NotFound, match="first"):
        client.create(REQUEST)
    assert paths(gateway) == [FIRST, SECOND]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ((401, ""), AuthError),
        ((402, ""), QuotaError),
        ((429, ""), RateLimited),
        ((400, {"error": "bad prompt"}), BadRequest),
        ((500, ""), ServerError),
    ],
)
def test_the_second_paths_refusal_tells_more(
    gateway: Any, client: VideoClient, answer: tuple[int, Any], error: type[ApiError]
) -> None:
    gateway.sequence((404, ""), answer)
    with pytest.raises(error):
        client.create(REQUEST)
    assert len(gateway.seen) == 2


def raised_by(call: Callable[[], Any]) -> ApiError | None:
    try:
        assert KEY not in repr(call())
    except ApiError as error:
        return error
    return None


def test_the_key_is_shown_nowhere(
    gateway: Any, client: VideoClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(client), str(client), repr(client._transport)]

    def collect(call: Callable[[], Any]) -> None:
        error = raised_by(call)
        if error is None:
            return
        shown.extend([repr(error), str(error), repr(vars(error))])
        shown.append("".join(traceback.format_exception(error)))
        assert error.__cause__ is None
        assert error.__context__ is None
        assert pickle.loads(pickle.dumps(error)).message == error.message

    echo = {"error": {"message": f"no such key {KEY}, Bearer {KEY}", "code": KEY}}
    for script in [
        lambda seen, handler: (401, {"Location": KEY, "Retry-After": KEY}, echo),
        lambda seen, handler: (200, {}, {"status": "failed", "error": echo["error"]}),
        lambda seen, handler: (200, {}, {"status": KEY, "id": "v"}),
        lambda seen, handler: (500, {}, KEY),
        hang_up,
        drip_body,
    ]:
        gateway.script = script
        quick = VideoClient(KEY, gateway.url, retries=0, create_timeout=0.1, retrieve_timeout=0.1)
        collect(lambda quick=quick: quick.create(REQUEST))
        collect(lambda quick=quick: quick.retrieve("r1"))
        collect(quick.models)
    gone = VideoClient(KEY, f"http://127.0.0.1:{refused_port()}", retries=0)
    collect(lambda: gone.create(REQUEST))
    text = "\n".join([*shown, caplog.text])
    assert KEY not in text
    assert "canary" not in text
    assert repr(client) == f"VideoClient(base_url={gateway.url!r})"


def test_signed_queries_stay_out_of_the_log(
    gateway: Any, client: VideoClient, caplog: pytest.LogCaptureFixture, tmp_path: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    gateway.answer(200, b"video", {"Content-Type": "video/mp4"})
    client.download(f"{gateway.url}/v.mp4?signature=verysecret", tmp_path / "v.mp4")
    assert "/v.mp4" in caplog.text
    assert "verysecret" not in caplog.text


def test_netrc_and_proxies_of_the_machine_do_not_interfere(
    gateway: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{refused_port()}")
    gateway.answer(*CREATED)
    VideoClient(KEY, gateway.url).create(REQUEST)
    assert gateway.seen[0].headers["authorization"] == f"Bearer {KEY}"


def test_the_key_may_go_through_the_machines_proxy_to_the_api(
    gateway: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", gateway.url)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    gateway.answer(*CREATED)
    assert VideoClient(KEY, "http://api.example.com").create(REQUEST) == Pending("r1")
    assert gateway.seen[0].path == "http://api.example.com/v1/videos"


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "schlüssel", None])
def test_keys_that_cannot_be(key: Any) -> None:
    with pytest.raises(AuthError) as caught:
        VideoClient(key)
    assert not caught.value.sent
    assert str(key).strip() == "" or str(key) not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "api.example.com", "ftp://x", "https://u:p@x", "https://", "https://x?a=b", "https://x#a"],
)
def test_base_urls_that_cannot_be(url: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        VideoClient(KEY, url)
    assert caught.value.field == "base_url"


def test_a_base_url_may_have_a_path(gateway: Any) -> None:
    gateway.answer(*CREATED)
    VideoClient(f" {KEY}\n", gateway.url + "/relay/").create(REQUEST)
    assert gateway.seen[0].path == "/relay/v1/videos"
    assert gateway.seen[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("request_id", ["", " ", "..", ".", "a b", "a\nb", "x" * 600, None, 7])
def test_ids_that_cannot_be(gateway: Any, client: VideoClient, request_id: Any) -> None:
    with pytest.raises(InvalidRequest):
        client.retrieve(request_id)
    assert gateway.seen == []


def test_an_id_stays_one_segment_of_the_path(gateway: Any, client: VideoClient) -> None:
    gateway.answer(200, {"status": "pending"})
    client.retrieve("../models?x#y%2e")
    assert gateway.seen[0].path == "/v1/videos/..%2Fmodels%3Fx%23y%252e"


@pytest.mark.parametrize(
    "body",
    [
        {"object": "list", "data": [{"id": "grok-imagine-video"}, {"id": "sora-2"}]},
        {"success": True, "data": ["grok-imagine-video", "sora-2"]},
        [{"id": "grok-imagine-video"}, {"name": "sora-2"}, {"x": 1}, 7],
    ],
)
def test_models(gateway: Any, client: VideoClient, body: Any) -> None:
    gateway.answer(200, body)
    assert client.models() == ["grok-imagine-video", "sora-2"]
    assert (gateway.seen[0].method, gateway.seen[0].path) == ("GET", "/v1/models")


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"message": "无效的令牌"}}, "auth_error"),
        (200, {"error": {"message": "Incorrect API key provided"}}, "auth_error"),
        (403, {"error": {"message": "余额不足"}}, "quota_error"),
        (429, "", "rate_limited"),
        (404, "", "not_found"),
        (500, "", "server_error"),
        (200, "<html>", "malformed"),
        (200, {}, "malformed"),
        (200, {"data": None}, "malformed"),
    ],
)
def test_models_refused(
    gateway: Any, client: VideoClient, status: int, body: Any, kind: str
) -> None:
    gateway.answer(status, body)
    with pytest.raises(ApiError) as caught:
        client.models()
    assert caught.value.kind == kind
