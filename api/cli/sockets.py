"""The addresses that a process listens on, tried before anything else is begun."""

from __future__ import annotations

import errno
import socket

from api.config.settings import PREFIX, Settings
from api.runtime.startup_checks import NotReadyError


def bind(host: str, port: int, by: str = "--port") -> list[socket.socket]:
    """Every address of the host, before anything is begun that would have to be ended again."""
    bound: list[socket.socket] = []
    try:
        for family, kind, _, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            opened = socket.socket(family, kind)
            bound.append(opened)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            opened.bind(address)
    except OSError as error:
        for opened in bound:
            opened.close()
        raise NotReadyError(_unbound(host, port, by, error)) from error
    return bound


def require_metrics_address(address: str | None) -> None:
    """It can be had. Later there would be more to end than a sentence can tell."""
    if address is not None:
        host, port = host_and_port(address)
        for opened in bind(host, port, f"{PREFIX}METRICS_ADDRESS"):
            opened.close()


def host_and_port(address: str) -> tuple[str, int]:
    """Of a setting like `127.0.0.1:9464` or `[::1]:9464`."""
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def metrics_address(settings: Settings, index: int) -> str | None:
    """Return the metrics address of one of several processes: each has the next port."""
    if settings.metrics_address is None:
        return None
    host, _, port = settings.metrics_address.rpartition(":")
    return f"{host}:{int(port) + index}"


def _unbound(host: str, port: int, by: str, error: OSError) -> str:
    sentences = {
        errno.EADDRINUSE: f"Port {port} is taken: choose another with {by}.",
        errno.EACCES: f"Port {port} needs more rights than this user has: choose one from 1024 on"
        f" with {by}.",
        errno.EADDRNOTAVAIL: f"{host} is no address of this machine.",
    }
    unknown = f"Nothing can listen on {host}, port {port}: {error.strerror}."
    return sentences.get(error.errno or 0, unknown)
