"""An ssh-agent that makes signatures over files, and never a login."""
