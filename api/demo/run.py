"""`countersign demo`: an installation to try by hand, or a walkthrough that runs by itself."""

from __future__ import annotations

import signal
import sys
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.demo.browser import StoryError
from api.demo.environment import DemoEnvironment, stage
from api.demo.seeded_account import KEYPAIRS, TEAM
from api.demo.walkthrough import run_walkthrough
from api.graphql.ids import to_global
from api.web.dashboard.built_files import read_dashboard

GUIDE = """
Countersign is running, with made-up people and secrets. Nothing is kept when you stop it (Ctrl-C).

  Dashboard  {dashboard}
  Mailbox    {mailbox_url}/   every mail that Countersign sends
  GraphQL    {url}/graphql   in a browser an IDE, whose scripts come from unpkg.com

Tokens, for the header  Authorization: Bearer ...
{tokens}

Try it: Dana requests an offline release that opens in a minute. The approvers Ann, Bob and Cleo
get a mail each; two of them must approve, from the link in the mail. Use the dashboard, or paste
this:

{curl}

Then read the mailbox, open View request in two of the mails, and approve. Once the window is open:

{sign}

The same by the command line, in a second terminal:

{command_line}
"""


COMMAND_LINE = """\
export PATH="{programs}:$PATH" COUNTERSIGN_URL={url} COUNTERSIGN_TOKEN={token}
countersign release request "Falcon 2.0" --key {keypair} --team {team} --max 1 --for 2h
echo content > file
countersign sign file --key {keypair} --wait
countersign verify file --key {keypair}"""
_SIGN_IN = "{url}/   sign in with an address from below; the mailbox has the link"
_NOT_BUILT = "is not built: `scripts/dashboard build` says why"


def run_demo(port: int) -> int:
    """Serve until Ctrl-C."""
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with stage(port) as ready:
        print(guide(ready), flush=True)
        stopped.wait()
    return 0


def run_story() -> int:
    """Tell the main job over real HTTP and SMTP; answers the exit code."""
    with stage() as ready:
        try:
            run_walkthrough(ready)
        except StoryError as error:
            print(f"\nThe story broke off: {error}", flush=True)
            return 1
    return 0


def guide(ready: DemoEnvironment) -> str:
    """Return instructions for somebody who tries the demo."""
    cast = ready.cast
    width = max(map(len, cast.tokens))
    tokens = "\n".join(f"  {email:<{width}}  {token}" for email, token in cast.tokens.items())
    start = datetime.now(UTC) + timedelta(minutes=1)
    keypair = to_global("Keypair", cast.keypairs[KEYPAIRS[0][0]])
    request = (
        'mutation { createRelease(input: { name: \\"Falcon 1.0\\", type: OFFLINE,'
        f' teamId: \\"{to_global("Team", cast.team_id)}\\", keypairIds: [\\"{keypair}\\"],'
        f' startsAt: \\"{start:%Y-%m-%dT%H:%M:%SZ}\\",'
        f' endsAt: \\"{start + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}\\",'
        " maxSignatures: 3 }) { release { id status } errors { code message } } }"
    )
    sign = (
        f'mutation {{ sign(input: {{ keypairId: \\"{keypair}\\",'
        ' digest: \\"47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\\" })'
        " { signature { id value } factors { name passed detail } errors { code message } } }"
    )
    dashboard = _NOT_BUILT if read_dashboard() is None else _SIGN_IN.format(url=ready.url)
    return GUIDE.format(
        dashboard=dashboard,
        url=ready.url,
        mailbox_url=ready.mailbox_url,
        tokens=tokens,
        curl=_curl(ready, "dana@example.com", request),
        sign=_curl(ready, "dana@example.com", sign),
        command_line=COMMAND_LINE.format(
            programs=Path(sys.executable).parent,
            url=ready.url,
            token=cast.tokens["dana@example.com"],
            keypair=KEYPAIRS[1][0],
            team=TEAM,
        ),
    )


def _curl(ready: DemoEnvironment, email: str, query: str) -> str:
    return (
        f"curl -s {ready.url}/graphql -H 'Content-Type: application/json' \\\n"
        f"  -H 'Authorization: Bearer {ready.cast.tokens[email]}' \\\n"
        f"""  -d '{{"query": "{query}"}}'"""
    )
