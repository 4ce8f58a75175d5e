"""The demo: a made-up account, and a mail catcher to read its mail in."""
