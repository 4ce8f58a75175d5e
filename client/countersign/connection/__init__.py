"""The connection to a server: where it is, who is signed in, and GraphQL with retries.

`connect()` (`countersign.connection.connect`) is what verbs use; programs with an event loop use
`AsyncConnection`. Both read settings and credentials in the same way.
"""
