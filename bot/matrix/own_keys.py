"""Our own device's keys on the homeserver: there from the start, never used up, never lost.

Numbers in comments are the rows of the trap table in the Matrix reference.
"""

from collections.abc import Mapping
from typing import Any, Final

from nio import AsyncClient

from bot.matrix.errors import Unauthorised
from bot.matrix.http import Http, path_of
from bot.matrix.key_store import store_must_work

_SIGNED: Final = "signed_curve25519"
_UPLOAD: Final = path_of("keys", "upload")


class OwnKeys:
    """What other devices need to reach us: identity, one-time keys, and a fallback."""

    def __init__(self, http: Http, nio: AsyncClient) -> None:
        self._http = http
        self._nio = nio
        self._fallback_is_used = False

    @property
    def ed25519(self) -> str:
        """Our device's public signing key."""
        return str(self._nio.olm.account.identity_keys["ed25519"])

    def sign(self, thing: Mapping[str, Any]) -> str:
        """Our device's signature of an object; its `signatures` and `unsigned` do not count."""
        bare = {name: thing[name] for name in thing if name not in ("signatures", "unsigned")}
        return str(self._nio.olm.sign_json(bare))

    async def introduce(self) -> None:
        """See to it that the homeserver has our device's keys; refuse a store that is not its own.

        11: the homeserver would accept new keys, while everyone who knew the old ones ignores
        them: deaf for ever. Asked at each start: a store can be lost, or taken from elsewhere.
        """
        user, device = self._nio.user_id, self._nio.device_id
        answer = await self._http.post(path_of("keys", "query"), {"device_keys": {user: [device]}})
        known: Any = answer
        for name in ("device_keys", user, device, "keys", f"ed25519:{device}"):
            known = known.get(name) if isinstance(known, dict) else None
        if known is None:
            # The first start, or the homeserver itself came back from a backup.
            self._nio.olm.account.shared = False
            await self.upload()
        elif known != self.ed25519:
            raise Unauthorised(
                f"the key store is not that of device {device}: restore it from a backup, or move "
                "the folder `crypto` away, so that the next start logs in as a new device"
            )

    def count(self, answer: Mapping[str, Any]) -> None:
        """Note what a sync answer says is left of our keys."""
        # 2: nio overlooks a count of exactly 0, and anyone can claim all fifty keys.
        counts = answer.get("device_one_time_keys_count")
        if isinstance(counts, dict):
            left = counts.get(_SIGNED, 0)
            self._nio.olm.uploaded_key_count = left if isinstance(left, int) else 0
        unused = answer.get("device_unused_fallback_key_types")
        if isinstance(unused, list):
            self._fallback_is_used = _SIGNED not in unused

    @property
    def should_upload(self) -> bool:
        """Whether the one-time keys run low."""
        return bool(self._nio.should_upload_keys)

    async def upload(self) -> None:
        """Give the homeserver new one-time keys, and at the first time who we are.

        Instead of nio's, which stores the secret halves only after the homeserver has answered: a
        crash in between, and people open sessions with keys that nobody has.
        """
        olm = self._nio.olm
        body = olm.share_keys()
        self._save()
        answer = await self._http.post(_UPLOAD, body)
        olm.account.shared = True
        olm.mark_keys_as_published()
        self._save()
        self.count({"device_one_time_keys_count": answer.get("one_time_key_counts")})

    @property
    def should_replace_fallback(self) -> bool:
        """Whether somebody has used the key that is left when all others are gone."""
        return self._fallback_is_used

    async def replace_fallback(self) -> None:
        """Upload a fallback key: whoever drains the one-time keys cannot make us unreachable."""
        account = self._nio.olm.account._account  # nio has no fallback keys; vodozemac has
        if not account.fallback_key:  # else one that an earlier attempt could not upload
            account.generate_fallback_key()
            self._save()
        ((key_id, key),) = account.fallback_key.items()
        signed = {"key": key.to_base64(), "fallback": True}
        signature = {f"ed25519:{self._nio.device_id}": self.sign(signed)}
        signed["signatures"] = {self._nio.user_id: signature}
        await self._http.post(_UPLOAD, {"fallback_keys": {f"{_SIGNED}:{key_id}": signed}})
        account.mark_keys_as_published()
        self._save()
        self._fallback_is_used = False

    def _save(self) -> None:
        with store_must_work():
            self._nio.olm.save_account()
