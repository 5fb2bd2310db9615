"""Encrypted files: opened with what their event told."""

from collections.abc import Mapping

from nio.crypto.attachments import decrypt_attachment


class Damaged(Exception):
    """The bytes are not those that were sent, or what opens them is nonsense."""


def open_sealed(data: bytes, keys: Mapping[str, str]) -> bytes:
    """The plain bytes. keys: of `storage.sealed.keys_of`; all of it is in base64.

    Raises Damaged: the check value is that of the encrypted bytes, and is looked at first.
    """
    try:
        return bytes(decrypt_attachment(data, keys["k"], keys["sha256"], keys["iv"]))
    except Exception as trouble:  # nio lets base64's and the cipher's own errors through
        raise Damaged(type(trouble).__name__) from None
