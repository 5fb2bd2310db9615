"""Names of things that several features speak about."""

from commands.words import N_, Words
from storage.records import Role

ROLES = {
    Role.MEMBER: N_("member"),
    Role.CITY_LEAD: N_("city lead"),
    Role.VOLUNTEER: N_("volunteer"),
    Role.VOLUNTEER_COORDINATOR: N_("volunteer coordinator"),
    Role.EXPERT_FACILITATOR: N_("expert facilitator"),
    Role.VOLUNTEERING_EXPERT: N_("volunteering expert"),
    Role.REPORTING_OFFICER: N_("reporting officer"),
    Role.CLUSTER_COORDINATOR: N_("cluster coordinator"),
    Role.PROJECT_COORDINATOR: N_("project coordinator"),
    Role.OPERATOR: N_("operator"),
}


def role_names(words: Words, roles: frozenset[Role]) -> str:
    """Roles in their usual order, joined as the language joins them."""
    return words.listing([words.text(name) for role, name in ROLES.items() if role in roles])
