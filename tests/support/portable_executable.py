"""The smallest program for Windows and UEFI that signing tools take: it does nothing."""

from __future__ import annotations

import struct

_FILE_ALIGNMENT = 0x200
_SECTION_ALIGNMENT = 0x1000
_OPTIONAL_HEADER_BYTES = 240
_DIRECTORY_COUNT = 16
_X64, _EXECUTABLE, _LARGE_ADDRESSES = 0x8664, 0x2, 0x20
_EFI_APPLICATION = 10
_READABLE_CODE = 0x60000020
_RETURN = b"\xc3"


def portable_executable() -> bytes:
    """A PE32+ image with one section of code, after Microsoft's "PE Format"."""
    dos_header = b"MZ" + bytes(58) + struct.pack("<I", 64)
    file_header = struct.pack(
        "<HHIIIHH", _X64, 1, 0, 0, 0, _OPTIONAL_HEADER_BYTES, _EXECUTABLE | _LARGE_ADDRESSES
    )
    sizes_and_entry = (_FILE_ALIGNMENT, 0, 0, _SECTION_ALIGNMENT, _SECTION_ALIGNMENT)
    optional_header = (
        struct.pack("<HBBIIIII", 0x20B, 14, 0, *sizes_and_entry)
        + struct.pack("<QII", 0x140000000, _SECTION_ALIGNMENT, _FILE_ALIGNMENT)
        + struct.pack("<HHHHHHI", 6, 0, 0, 0, 6, 0, 0)
        + struct.pack("<IIIHH", 2 * _SECTION_ALIGNMENT, _FILE_ALIGNMENT, 0, _EFI_APPLICATION, 0)
        + struct.pack("<QQQQII", 0x100000, 0x1000, 0x100000, 0x1000, 0, _DIRECTORY_COUNT)
        + bytes(8 * _DIRECTORY_COUNT)
    )
    section = struct.pack(
        "<8sIIIIIIHHI",
        b".text",
        len(_RETURN),
        _SECTION_ALIGNMENT,
        _FILE_ALIGNMENT,
        _FILE_ALIGNMENT,
        *(0, 0, 0, 0),
        _READABLE_CODE,
    )
    headers = dos_header + b"PE\0\0" + file_header + optional_header + section
    return headers.ljust(_FILE_ALIGNMENT, b"\0") + _RETURN.ljust(_FILE_ALIGNMENT, b"\0")
