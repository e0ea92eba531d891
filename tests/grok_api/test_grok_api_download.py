"""Fetching videos: whole or not at all, from where it is allowed, without the key."""

from __future__ import annotations

import datetime
import hashlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from grok_api import (
    ApiError,
    AuthError,
    BlockedAddress,
    Done,
    Expired,
    InvalidRequest,
    LinkGone,
    Malformed,
    NotFound,
    NotSent,
    NoVideo,
    Pending,
    RateLimited,
    ServerError,
    TooLarge,
    VideoClient,
)

KEY = "sk-canary-0123456789abcdef"
CLIP = bytes(range(256)) * 1000
MP4 = {"Content-Type": "video/mp4; codecs=x"}


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Path]:
    """Where the clip goes; nothing else may be left in its folder."""
    path = tmp_path / "clip.mp4"
    yield path
    assert [one.name for one in tmp_path.iterdir()] in ([], [path.name])


def test_a_clip(cdn: Any, client: VideoClient, target: Path) -> None:
    cdn.answer(200, CLIP, MP4)
    target.write_bytes(b"older")
    clip = client.download(Done(cdn.url + "/v.mp4?signature=x"), target)
    assert target.read_bytes() == CLIP
    assert (clip.path, clip.bytes, clip.content_type) == (target, len(CLIP), "video/mp4")
    assert clip.sha256 == hashlib.sha256(CLIP).hexdigest()
    assert cdn.seen[0].path == "/v.mp4?signature=x"
    assert "authorization" not in cdn.seen[0].headers


def test_an_id_is_asked_for_first(
    gateway: Any, cdn: Any, client: VideoClient, target: Path
) -> None:
    gateway.answer(200, {"video": {"url": cdn.url + "/v.mp4"}})
    cdn.answer(200, CLIP, MP4)
    client.download("r1", str(target))
    assert [seen.path for seen in gateway.seen] == ["/v1/videos/r1"]
    assert target.read_bytes() == CLIP


@pytest.mark.parametrize("outcome", [Pending("r1"), Expired("r1")])
def test_there_may_be_no_video(client: VideoClient, target: Path, outcome: Any) -> None:
    with pytest.raises(NoVideo) as caught:
        client.download(outcome, target)
    assert caught.value.outcome == outcome


def test_the_key_goes_to_the_apis_own_origin_only(
    gateway: Any, cdn: Any, client: VideoClient, target: Path
) -> None:
    gateway.sequence(
        (302, b"", {"Location": cdn.url + "/away"}),
        (200, CLIP, MP4),
    )
    cdn.answer(302, b"", {"Location": gateway.url + "/back"})
    client.download(Done(gateway.url + "/v1/videos/r1/content"), target)
    assert [seen.path for seen in gateway.seen] == ["/v1/videos/r1/content", "/back"]
    assert gateway.seen[0].headers["authorization"] == f"Bearer {KEY}"
    assert "authorization" not in cdn.seen[0].headers
    # Once away, an outsider decides where to; the key does not come along again.
    assert "authorization" not in gateway.seen[1].headers


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, LinkGone),
        (401, LinkGone),
        (403, LinkGone),
        (404, LinkGone),
        (410, LinkGone),
        (429, RateLimited),
        (500, ServerError),
        (503, ServerError),
        (204, Malformed),
        (206, Malformed),
        (304, Malformed),
    ],
)
def test_what_a_store_refuses(
    cdn: Any, client: VideoClient, target: Path, status: int, error: type[ApiError]
) -> None:
    cdn.answer(status, b"", {"Retry-After": "3"})
    with pytest.raises(error) as caught:
        client.download(Done(cdn.url + "/v.mp4"), target)
    assert caught.value.retry_after == 3 or error is Malformed
    assert len(cdn.seen) == 1


@pytest.mark.parametrize(("status", "error"), [(401, AuthError), (404, NotFound)])
def test_what_the_api_itself_refuses(
    gateway: Any, client: VideoClient, target: Path, status: int, error: type[ApiError]
) -> None:
    gateway.answer(status)
    with pytest.raises(error):
        client.download(Done(gateway.url + "/v1/videos/r1/content"), target)


def test_a_store_on_the_apis_own_host_gets_no_key(
    gateway: Any, client: VideoClient, target: Path
) -> None:
    gateway.answer(403)
    with pytest.raises(LinkGone):
        client.download(Done(gateway.url + "/files/v.mp4?signature=x"), target)
    assert "authorization" not in gateway.seen[0].headers


@pytest.mark.parametrize(
    ("body", "headers", "error"),
    [
        (b"<html>", {"Content-Type": "text/html"}, Malformed),
        (b"{}", {"Content-Type": "application/json"}, Malformed),
        (b"", MP4, Malformed),
        (CLIP, {**MP4, "Content-Length": str(len(CLIP) + 9), "Connection": "close"}, ServerError),
        (CLIP, {**MP4, "Content-Length": "9" * 30, "Connection": "close"}, TooLarge),
    ],
)
def test_what_is_no_whole_video(
    cdn: Any, client: VideoClient, target: Path, body: bytes, headers: Any, error: type[ApiError]
) -> None:
    target.write_bytes(b"older")
    cdn.answer(200, body, headers)
    with pytest.raises(error):
        client.download(Done(cdn.url + "/v.mp4"), target)
    assert target.read_bytes() == b"older"


def endless(seen: Any, handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        handler.wfile.write(bytes(65_536))


def drip(seen: Any, handler: Any) -> None:
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.01)


def test_the_cap_counts_what_comes(gateway: Any, cdn: Any, target: Path) -> None:
    client = VideoClient(KEY, gateway.url, max_download=300_000)
    cdn.script = endless
    with pytest.raises(TooLarge):
        client.download(Done(cdn.url + "/v.mp4"), target)
    cdn.answer(200, bytes(300_001), MP4)
    with pytest.raises(TooLarge):
        client.download(Done(cdn.url + "/v.mp4"), target)
    cdn.answer(200, bytes(300_000), MP4)
    assert client.download(Done(cdn.url + "/v.mp4"), target).bytes == 300_000


def test_a_dripping_store_is_left_at_the_deadline(gateway: Any, cdn: Any, target: Path) -> None:
    client = VideoClient(KEY, gateway.url, download_timeout=0.15)
    cdn.script = drip
    began = time.monotonic()
    with pytest.raises(ServerError):
        client.download(Done(cdn.url + "/v.mp4"), target)
    assert time.monotonic() - began < 2


def test_three_redirects_and_no_more(cdn: Any, client: VideoClient, target: Path) -> None:
    away = (302, b"", {"Location": "/next"})
    cdn.sequence(away, away, away, (200, CLIP, MP4))
    assert client.download(Done(cdn.url + "/v.mp4"), target).bytes == len(CLIP)
    cdn.seen.clear()
    cdn.answer(*away)
    with pytest.raises(Malformed):
        client.download(Done(cdn.url + "/v.mp4"), target)
    assert len(cdn.seen) == 4


def test_a_folder_that_is_not_there(cdn: Any, client: VideoClient, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        client.download(Done(cdn.url + "/v.mp4"), tmp_path / "none" / "clip.mp4")
    assert cdn.seen == []


@pytest.mark.parametrize(
    "url",
    [
        "{cdn}/v.mp4",  # http
        "https://127.0.0.1/v.mp4",
        "https://127.1/v.mp4",
        "https://2130706433/v.mp4",
        "https://0x7f000001/v.mp4",
        "https://0/v.mp4",
        "https://localhost/v.mp4",
        "https://10.0.0.1/v.mp4",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/v.mp4",
        "https://[::]/v.mp4",
        "https://[::ffff:127.0.0.1]/v.mp4",
        "https://[::ffff:7f00:1]/v.mp4",
        "https://[64:ff9b::7f00:1]/v.mp4",
        "https://[64:ff9b:1::7f00:1]/v.mp4",
        "https://[2002:7f00:1::]/v.mp4",
        "https://[fe80::1]/v.mp4",
        "https://[fd00:ec2::254]/v.mp4",
        "https://100.64.0.1/v.mp4",
        "https://user:word@93.184.216.34/v.mp4",
        "https://93.184.216.34\\@127.0.0.1/v.mp4",
        "http://93.184.216.34/v.mp4",
        "ftp://93.184.216.34/v.mp4",
        "file:///etc/passwd",
    ],
)
def test_refused_addresses(
    cdn: Any, target: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: Any) -> None:
        pytest.fail("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    client = VideoClient(KEY, "https://api.example.com")
    with pytest.raises(BlockedAddress) as caught:
        client.download(Done(url.replace("{cdn}", cdn.url)), target)
    assert caught.value.kind == "bad_request"


def test_a_redirect_into_the_private_network(
    gateway: Any, cdn: Any, client: VideoClient, target: Path
) -> None:
    for location in ("http://10.0.0.1/x", "https://169.254.169.254/", "file:///etc/passwd"):
        cdn.answer(302, b"", {"Location": location})
        with pytest.raises(BlockedAddress):
            client.download(Done(cdn.url + "/v.mp4"), target)


def test_text_that_is_no_id(client: VideoClient, target: Path) -> None:
    with pytest.raises(InvalidRequest):
        client.download("not an id", target)


@pytest.fixture(scope="module")
def tls_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path]]:
    """A store over TLS, with a certificate for cdn.test: its port and the certificate's file."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "cdn.test")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("cdn.test")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem = folder / "cdn.pem"
    pem.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret = folder / "cdn.key"
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(pem, secret)
    listener = socket.create_server(("127.0.0.1", 0))
    threading.Thread(target=_serve_tls, args=(listener, context), daemon=True).start()
    yield listener.getsockname()[1], pem
    listener.close()


def _serve_tls(listener: socket.socket, context: ssl.SSLContext) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        try:
            with context.wrap_socket(plain, server_side=True) as secure:
                secure.recv(65_536)
                secure.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nvideo")
        except OSError:
            continue


def test_the_checked_address_is_the_one_connected_to(
    tls_store: tuple[int, Path], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, pem = tls_store
    asked = []

    def getaddrinfo(host: str, where: int, **_: Any) -> list[Any]:
        asked.append(host)
        address = "127.0.0.1" if len(asked) == 1 else "10.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, where))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    client = VideoClient(KEY, "https://api.example.com", allow_hosts=["cdn.test"])
    clip = client.download(Done(f"https://cdn.test:{port}/v.mp4"), target)
    assert clip.bytes == 5
    assert asked == ["cdn.test"]


def test_a_certificate_for_another_name(
    tls_store: tuple[int, Path], target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    port, pem = tls_store
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(pem))
    address = "127.0.0.1"
    client = VideoClient(KEY, "https://api.example.com", allow_hosts=[address])
    with pytest.raises(NotSent):
        client.download(Done(f"https://{address}:{port}/v.mp4"), target)


def test_a_name_that_turns_private_is_refused(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def getaddrinfo(host: str, where: int, **_: Any) -> list[Any]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.168.1.1", where))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(BlockedAddress):
        VideoClient(KEY, "https://api.example.com").download(
            Done("https://cdn.example.com/v.mp4"), target
        )
