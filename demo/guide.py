"""How to look into the demo's hall with a Matrix client of one's own."""

from demo.stage import HALL_USER, PASSWORD, Stage

WHO = (
    ("samir", "a volunteer from Portoselva,"),
    ("rui", "coordinator"),
    ("paula", "project coordinator"),
)


def guide(stage: Stage) -> None:
    """Print how to sign in, as whom, which rooms they are in, and what to try."""
    out = stage.transcript
    out.scene("Now", "come in yourself, with any Matrix client")
    out.row("Homeserver", stage.homeserver.url, "bold")
    out.row("Password", PASSWORD, "bold")
    for number, (name, what) in enumerate(WHO):
        out.row("or" if number else "Sign in as", f"{name}, {what} in {_rooms(stage, name)}")
    out.row("In a room", "!help, !search host, !city Peñasol; in a thread !thread summary")
    out.row("Directly", f"write to {HALL_USER}: search transport, whoami, privacy")
    out.row("Mind", "a new client can't read what was said in a 🔒 room before it came")
    out.line()
    out.line("Ctrl-C stops everything and removes it.", "bold")


def _rooms(stage: Stage, name: str) -> str:
    clusters = stage.community.member(name).clusters
    if len(clusters) == len(stage.community.clusters):
        return "all rooms"
    shown = (stage.community.cluster(slug) for slug in clusters)
    return ", ".join(f"{one.title}{' 🔒' if one.encrypted else ''}" for one in shown)
