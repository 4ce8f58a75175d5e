"""The agent: lets the signing tools that people have sign through Countersign, unchanged.

It offers keypairs of a server as a PKCS#11 token, to gpg and to ssh, on sockets of its own. Only
digests leave the machine. Nothing here imports the server.
"""
