"""How to look into the demo's hall with a Matrix client of one's own."""

from demo.stage import PASSWORD, Stage

WHO = (
    ("samir", "a volunteer in Portoselva, in one room"),
    ("rui", "coordinates two clusters, both encrypted"),
    ("paula", "coordinates the whole network"),
)


def guide(stage: Stage) -> None:
    """Print how to sign in, as whom, and what to try."""
    out, community = stage.transcript, stage.community
    out.scene("Now", "come in yourself, with any Matrix client")
    out.line(f"  Homeserver  {stage.homeserver.url}", "bold")
    out.line(f"  Password    {PASSWORD}", "bold")
    out.line("  Sign in as")
    for name, what in WHO:
        member = community.member(name)
        out.line(f"    {member.name:<8}{member.display_name}, {what}")
    rooms = ", ".join(f"{c.title}{' 🔒' if c.encrypted else ''}" for c in community.clusters)
    out.line(f"  You are then in the Space CityLink Network, with rooms of yours among: {rooms}.")
    out.line("  Try !help, !search transport, !whoami, or write to @moothall:localhost directly.")
    out.line("  A new client cannot read what was said in encrypted rooms (🔒) before it came.")
    out.line()
    out.line("Ctrl-C stops everything and removes it.", "bold")
