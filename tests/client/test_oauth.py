"""What the client makes of the answers of the OAuth endpoints."""

from typing import Any

import httpx2
import pytest

from countersign.connection import oauth
from countersign.errors import ClientError, TransientError

SERVER = "https://countersign.example.com"


def answer_with(monkeypatch: pytest.MonkeyPatch, status: int, **more: Any) -> None:
    request = httpx2.Request("POST", SERVER + oauth.TOKEN_PATH)
    answer = httpx2.Response(status, request=request, **more)
    monkeypatch.setattr(httpx2, "post", lambda *_, **__: answer)


@pytest.mark.parametrize(
    "body", [b"<html>", b"[]", b'"text"', b"null", b"\xff", b"{}", b'{"ok": 1}', b"[" * 100_000]
)
@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_json_object_comes_from_no_countersign(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    answer_with(monkeypatch, status, content=body)
    with pytest.raises(ClientError, match="Check the server's URL") as refused:
        oauth.post_form(SERVER, oauth.TOKEN_PATH, {})
    assert refused.value.code == "NO_COUNTERSIGN"


@pytest.mark.parametrize("content", [{"text": "<html>"}, {"json": {"message": "Bad Gateway"}}])
def test_a_proxy_without_its_server_may_have_it_again(
    monkeypatch: pytest.MonkeyPatch, content: dict[str, Any]
) -> None:
    answer_with(monkeypatch, 502, **content)
    with pytest.raises(TransientError, match=r"UNAVAILABLE: .* answered 502 in place of"):
        oauth.post_form(SERVER, oauth.TOKEN_PATH, {})
