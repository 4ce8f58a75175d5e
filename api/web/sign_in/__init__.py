"""How people prove to a browser session who they are: mail, OpenID Connect, and cookies."""
