"""What can go wrong with a homeserver, sorted by what one does about it."""


class MatrixError(Exception):
    """Base of everything below. Texts carry codes and ids, never bodies or tokens."""


class Unauthorised(MatrixError):
    """The token is dead or missing: nothing will work until an operator acts."""


class RateLimited(MatrixError):
    """429: the whole account waits."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(f"rate limited for {retry_after:.1f} s")
        self.retry_after = retry_after  # seconds


class Challenged(MatrixError):
    """401: the homeserver wants a proof, such as the password, before it does this."""

    def __init__(self, session: str) -> None:
        super().__init__("asks for a proof of who we are")
        self.session = session  # to be named together with the proof


class Unreachable(MatrixError):
    """No answer, a broken one, or a 5xx: the outcome is unknown; try the same thing again."""


class Refused(MatrixError):
    """The homeserver understood and said no: trying again changes nothing by itself."""

    def __init__(self, status: int, errcode: str) -> None:
        super().__init__(f"{status} {errcode}")
        self.status = status
        self.errcode = errcode
