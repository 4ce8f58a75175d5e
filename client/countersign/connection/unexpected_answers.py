"""What an answer means that is not Countersign's: of a proxy, a network or another service."""

from __future__ import annotations

import httpx2

from countersign.errors import ClientError, TransientError

#: What a person does about a URL at which there is no Countersign.
CHECK_URL = "Check the server's URL: COUNTERSIGN_URL, or the one given to `countersign login`."
_LOG_IN = (
    "Where that is a page to log in at, a network or a proxy stands before the server: log in there"
    " with a browser, or ask its operator to let programs pass."
)
#: The longest text of an answer that is repeated to a person.
_SHOWN_CHARACTERS = 300


def unexpected_answer(response: httpx2.Response) -> ClientError:
    """Return what an answer means that has not the form of the server's own.

    It is a `TransientError` only where the server behind a proxy may come back.
    """
    status, url = response.status_code, _address(response.url)
    if status == httpx2.codes.TOO_MANY_REQUESTS or response.is_server_error:
        return _unavailable(response)
    if response.next_request is not None:
        target = _address(response.next_request.url)
        what = f"{url} leads to {target} ({status}), which gets no credential. {_LOG_IN}"
    elif _type(response) == "text/html" and response.is_success:
        what = f"{url} answered with a web page ({status}). {_LOG_IN}"
    elif status in {401, 403, 407}:
        what = (
            f"{url} answered {status}, but not as Countersign does: a proxy or firewall before it"
            f" refuses. Ask its operator.{_said(response)}"
        )
    else:
        what = f"{url} answered {status}, but not as Countersign does.{_said(response)}"
    return ClientError("NO_COUNTERSIGN", f"{what} {CHECK_URL}")


def seconds_to_wait(response: httpx2.Response) -> float | None:
    """Return how long an answer asks to wait, if it does (RFC 9110, section 10.2.3)."""
    try:
        return max(0.0, float(response.headers.get("Retry-After", "")))
    except ValueError:
        return None


def _unavailable(response: httpx2.Response) -> TransientError:
    status, url = response.status_code, _address(response.url)
    is_limited = status == httpx2.codes.TOO_MANY_REQUESTS
    if is_limited:
        message = f"{url} answered 429: it gets too many requests. Try again later."
    else:
        message = (
            f"{url} answered {status} in place of Countersign: a proxy gets no answer of it."
            " Try again later; if it stays so, tell the operator."
        )
    seconds = seconds_to_wait(response)
    return TransientError(
        "UNAVAILABLE", message, did_nothing=is_limited, retry_after_seconds=seconds
    )


def _address(url: httpx2.URL) -> str:
    """Return a URL without what may be secret or long: its query, its fragment and its user."""
    return str(url.copy_with(username=None, password=None, query=None, fragment=None))


def _type(response: httpx2.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _said(response: httpx2.Response) -> str:
    """Return the text of an answer, after a space, if it is a sentence for people."""
    text = " ".join(response.text.split()) if _type(response) == "text/plain" else ""
    return f" It says: {text}" if 0 < len(text) <= _SHOWN_CHARACTERS else ""
