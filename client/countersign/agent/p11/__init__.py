"""A PKCS#11 token, offered to p11-kit's clients by its remoting protocol (RPC).

Tools load `p11-kit-client.so` of their own distribution, or `p11-kit-proxy.so`, which calls the
agent. So no native code has to be built or installed.
"""
