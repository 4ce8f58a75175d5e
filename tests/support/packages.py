"""Small packages of several systems, for tools that sign them."""

from __future__ import annotations

import struct


def debian_changes() -> bytes:
    """A `.changes` file that names no other file."""
    return b"""\
Format: 1.8
Date: Mon, 03 Jun 2030 12:00:00 +0000
Source: falcon
Architecture: source
Version: 1.0
Distribution: unstable
Maintainer: Dev <dev@example.com>
Changes:
 falcon (1.0) unstable; urgency=medium
"""


def rpm_spec() -> bytes:
    """A package without files."""
    return b"""\
Name: falcon
Version: 1.0
Release: 1
Summary: A package to sign
License: Apache-2.0
BuildArch: noarch
%description
A package to sign.
%files
"""


def _chunk(type_: int, header: bytes, content: bytes) -> bytes:
    header_bytes = 8 + len(header)
    head = struct.pack("<HHI", type_, header_bytes, header_bytes + len(content))
    return head + header + content


def android_manifest() -> bytes:
    """A manifest in Android's binary form, which has only `<manifest package="com.example">`."""
    words = ["manifest", "package", "com.example"]
    encoded = [struct.pack("<H", len(w)) + w.encode("utf-16-le") + b"\0\0" for w in words]
    offsets = [sum(map(len, encoded[:number])) for number in range(len(encoded))]
    strings = b"".join(encoded)
    strings += bytes(-len(strings) % 4)
    strings_start = 28 + 4 * len(words)
    pool_header = struct.pack("<IIIII", len(words), 0, 0, strings_start, 0)
    pool = _chunk(0x0001, pool_header, struct.pack(f"<{len(words)}I", *offsets) + strings)
    nothing = 0xFFFFFFFF
    node = struct.pack("<II", 1, nothing)
    attribute = struct.pack("<IIIHBBI", nothing, 1, 2, 8, 0, 3, 2)
    start = struct.pack("<IIHHHHHH", nothing, 0, 20, 20, 1, 0, 0, 0) + attribute
    elements = _chunk(0x0102, node, start) + _chunk(0x0103, node, struct.pack("<II", nothing, 0))
    return _chunk(0x0003, b"", pool + elements)
