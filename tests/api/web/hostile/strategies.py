"""What hostile requests are made of: Hypothesis strategies, most parts nearly right."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

HOST = b"example.com"
#: No page may have it as it is.
MARKUP = "\"'><script>alert(7)</script>"
#: No redirect may lead there.
ELSEWHERE = "evil.example.net"
FORM = b"application/x-www-form-urlencoded"
ISSUER = "https://127.0.0.1:1"
#: Of a token that the issuer could have signed, at any time of this century.
CLAIMS = {"iss": ISSUER, "aud": "https://example.com", "sub": "x", "exp": 4 * 10**9, "iat": 0}

#: None: one that the route has.
METHODS = st.sampled_from(
    [None] * 12
    + ["GET", "POST", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "BREW"]
)
_TEXTS = [
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\x85", "\u2028", "\ufeff", "\u202e", "\x7f",
    "\r\nSet-Cookie: countersign=x", "%00", "%", "%zz", "%ff", "+", "&", "=", ";", "../../etc",
    "//",
    f"//{ELSEWHERE}/", f"/\\{ELSEWHERE}", f"https://{ELSEWHERE}/", f"/{ELSEWHERE}//..", "/\t/x",
    MARKUP, "{{ 7*7 }}", "' OR 1=1 --", "1" * 5000, "-1", "1e400", "NaN", "١٢٣", "９", "x" * 9000,
    "İ@example.com", "ann@example.com", "ANN@EXAMPLE.COM", "ann@example.com\0", "a@\u2100.com",
    "a@" + "b" * 300, "@", "xn--a@xn--.com", "00000000-0000-0000-0000-000000000000",
    "urn:ietf:params:oauth:grant-type:device_code", "countersign", "S2V5cGFpcjow", "0" * 32 + ".x",
]  # fmt: skip
TEXTS = st.sampled_from(_TEXTS) | st.text(max_size=20)


def _encoded(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


def urlencoded(pairs: list[tuple[str, str]]) -> bytes:
    """A form or a query, of any texts."""
    return "&".join(f"{_encoded(name)}={_encoded(value)}" for name, value in pairs).encode("ascii")


def pairs_of(names: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Names and values as forms and queries have them, sometimes twice, sometimes spoilt."""
    named = st.tuples(st.sampled_from(names) | TEXTS, values)
    pairs = st.lists(named, max_size=6).map(urlencoded)
    spoilt = st.sampled_from([b"&%zz=%", b"&%ff=%c3", b"&\xff\xfe", b"&&;", b"&a" * 500, b"=\0"])
    return pairs | pairs | st.tuples(pairs, spoilt).map(b"".join)


_SCIM = "urn:ietf:params:scim:"
_USER, _PATCH = f"{_SCIM}schemas:core:2.0:User", f"{_SCIM}api:messages:2.0:PatchOp"
_ATTRIBUTES = [
    "userName", "displayName", "name", "name.givenName", "active", "externalId", "locale", "id",
    "timezone", "roles", 'roles[value eq "LEAD"]', "members", 'members[value eq "\ud800"]', "meta",
    "members[", "schemas", "groups", 'emails[type eq "work"].value', "value", "op", "path",
    "Operations", "$ref", f"{_USER}:userName",
]  # fmt: skip


def json_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[bytes]:
    """Documents of SCIM with wrong values, any other JSON, and what is none."""
    scalars = st.none() | st.booleans() | st.integers() | st.floats() | values
    names = st.sampled_from(_ATTRIBUTES) | TEXTS
    nested = st.recursive(
        scalars,
        lambda parts: st.lists(parts, max_size=3) | st.dictionaries(names, parts, max_size=4),
        max_leaves=8,
    )
    user = st.dictionaries(st.sampled_from(_ATTRIBUTES), nested | values, max_size=5).map(
        lambda more: {"schemas": [_USER], "userName": "x@example.com", "displayName": "X"} | more
    )
    operation = st.fixed_dictionaries(
        {"op": st.sampled_from(["add", "replace", "remove", "Add", "move"]) | TEXTS},
        optional={"path": st.sampled_from(_ATTRIBUTES) | TEXTS, "value": nested},
    )
    patch = st.lists(operation, max_size=3).map(
        lambda operations: {"schemas": [_PATCH], "Operations": operations}
    )
    documents = (user | patch | nested).map(lambda value: json.dumps(value).encode("ascii"))
    return documents | st.sampled_from(_NO_JSON)


_NO_JSON = [
    b"[" * 100_000, b'{"a":' * 100_000, b'{"userName":' + b"1" * 5000 + b"}", b"NaN", b"null", b"{",
    b'{"userName":"a","userName":"b"}', b'{"schemas":["' + _USER.encode() + b'"],"userName":1e999}',
    b"\xef\xbb\xbf{}", b"\xff\xfe{\0}\0", b'"\xff"', b"{}" * 1000,
    b'{"a":"' + b"x" * 300_000 + b'"}',
]  # fmt: skip


def forms_of(
    templates: list[dict[str, str]], values: st.SearchStrategy[str]
) -> st.SearchStrategy[bytes]:
    """Forms that are right but for some fields, fields of any form, and what is too long."""

    def spoilt(template: dict[str, str]) -> st.SearchStrategy[bytes]:
        names = st.sampled_from(sorted(template))
        changes = st.dictionaries(names, values | tokens_of(values), max_size=2)
        return changes.map(lambda changed: urlencoded([*(template | changed).items()]))

    names = sorted({name for template in templates for name in template})
    too_long = [b"", b"a=" + b"x" * 300_000, b"code=" + b"%41" * 20_000, b"\xff\0"]
    right = st.sampled_from(templates).flatmap(spoilt)
    return right | right | pairs_of(names, values) | st.sampled_from(too_long)


def tokens_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Tokens that look like signed ones, with a header and claims that are not right."""
    parts = st.none() | st.integers() | st.lists(values, max_size=2) | values
    header = st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jku"]), parts)
    claims = st.dictionaries(st.sampled_from(["iss", "aud", "sub", "exp", "iat", "jti"]), parts)
    return st.tuples(header, claims).map(
        lambda both: f"{_segment({'alg': 'RS256'} | both[0])}.{_segment(CLAIMS | both[1])}.c2ln"
    )


def _segment(value: object) -> str:
    return urlsafe_b64encode(json.dumps(value).encode("ascii")).decode("ascii").rstrip("=")


_CONTENT_TYPES = [
    FORM + b"; charset=utf-7", b"application/json", b"application/scim+json", b"",
    b"application/scim+json; charset=utf-16", b"multipart/form-data; boundary=", b"text/plain",
    b"multipart/form-data; boundary=x", b"\xff/\xfe", b"application/x-www-form-urlencoded;" * 400,
]  # fmt: skip
_ODD_VALUES = [
    b"", b"\xff\xfe", b"null", b"*", b"*/*", b"text/html", b"de-DE,de;q=0.5", b"de\xff",
    b"x" * 9000, b"same-origin", b"cross-site", b"https://example.com", f"https://{ELSEWHERE}".encode(),
    b"-1", b"https://[::1", b"https://example.com:99999", b"http://\xe9.example.com",
    b"bytes=0-,5-1",
    b"Bearer ", b"Bearer \xff", b"Basic Zm9v", b'W/"1"', b'"', b"a=b; =; c", b"1" * 5000, b'"\\',
    b"chunked", b"gzip, br", b"100-continue", b"::1, 127.0.0.1", b"\x01\x02\x7f", b"a" * 64,
    b"Thu, 99 Foo 0000 99:99:99 GMT", b"__Host-countersign=; __Host-countersign=x",
    b"__Host-countersign-proof=gAAAAAB\xff; __Host-countersign-asking=gAAAAA==",
    b"__Host-countersign-openid-0=x; __Host-countersign-known=\xff; countersign_decide=x",
]  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(_ODD_VALUES),
    st.binary(max_size=30).map(lambda raw: raw.translate(None, b"\r\n\0")),
)
_NAMES = [
    b"accept", b"accept-language", b"accept-encoding", b"origin", b"sec-fetch-site", b"referer",
    b"cookie", b"authorization", b"content-length", b"transfer-encoding", b"x-request-id", b"range",
    b"user-agent", b"if-match", b"if-none-match", b"if-modified-since", b"expect", b"traceparent",
    b"content-encoding", b"x-forwarded-for", b"x-forwarded-proto", b"x-http-method-override",
]  # fmt: skip
#: A browser that opens a page of ours, or sends a form of it.
_OWN_PAGE = ((b"sec-fetch-site", b"same-origin"), (b"accept", b"text/html,*/*;q=0.8"))
_HOSTS = st.sampled_from(
    [((b"host", HOST),)] * 30
    + [((b"host", b"\xff"),), ((b"host", HOST), (b"host", HOST)), (), ((b"host", b"[::1"),)]
)
HEADERS = st.builds(
    lambda host, own, more: (*host, *own, *more),
    _HOSTS,
    st.sampled_from([(), _OWN_PAGE, _OWN_PAGE]),
    st.lists(st.tuples(st.sampled_from(_NAMES), _VALUES), max_size=3),
)
#: None: the one that fits the body.
CONTENT_TYPES = st.sampled_from([None] * 30 + _CONTENT_TYPES)


def _decoded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts as servers decode a path: what is no UTF-8 is replaced, so no surrogate arrives."""
    return texts.map(lambda text: text.encode("utf-8", "replace").decode("utf-8"))


def places_of(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What stands in the place of a path's parameter."""
    return _decoded(values)


def scim_paths_of(resources: list[str], values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """What stands below the root of SCIM."""
    fixed = ["Users", "Groups", "Users/", "Me", "Schemas", "ResourceTypes/User", ".search", "Bulk",
             "ServiceProviderConfig", "Users/.search"]  # fmt: skip
    one = st.tuples(st.sampled_from(["Users/", "Groups/", "Schemas/"]), values).map("".join)
    return st.sampled_from(resources) | st.sampled_from(fixed) | _decoded(one)
