"""What the client makes of the answers of the OAuth endpoints."""

import httpx2
import pytest

from countersign.connection import oauth
from countersign.errors import ClientError


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"text"', b"null", b"\xff"])
@pytest.mark.parametrize("status", [200, 404])
def test_what_is_no_json_object_comes_from_no_countersign(
    monkeypatch: pytest.MonkeyPatch, status: int, body: bytes
) -> None:
    monkeypatch.setattr(httpx2, "post", lambda *_, **__: httpx2.Response(status, content=body))
    with pytest.raises(ClientError, match="Check the server's URL") as refused:
        oauth.post_form("https://countersign.example.com", oauth.TOKEN_PATH, {})
    assert refused.value.code == "NO_COUNTERSIGN"
