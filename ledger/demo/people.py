"""Who and what the demo is about. All names and places are invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Community:
    """A community of the demo with the fund that its campaigns are for."""

    code: str
    name: str
    place: str
    story: str
    fund: str
    fund_name: str
    opening: int


COMMUNITIES = (
    Community(
        "ELDER",
        "Elder Lane Commons",
        "Northmoor",
        "Forty households around an old dairy that became a hall, a workshop and a kitchen.\n\n"
        "Elder Lane keeps the bank account and the Stripe account for the Three Streams Pool.",
        "ROOF",
        "Solar roof on the hall",
        1_250_000,
    ),
    Community(
        "FERRY",
        "Ferrybank Makers",
        "Lower Ferrybank",
        "A repair workshop by the river. What breaks in the valley is mended here.",
        "SHOP",
        "Shared workshop",
        640_000,
    ),
    Community(
        "HOLM",
        "Holm Gardens",
        "Holm",
        "Allotments, a seed library and a cold store run by whoever turns up on Saturday.",
        "STORE",
        "Cold store",
        415_000,
    ),
)

POOL = (
    "STREAMS",
    "Three Streams Pool",
    "Three communities put money, tools and hands where they help most. Donors give to the "
    "pool; its members decide together what each project gets.",
)

STAFF = (
    ("donor", "Dana Whitlock", "dana@example.org"),
    ("member", "Milo Hartwell", "milo@example.org"),
    ("treasurer", "Tess Okafor", "tess@example.org"),
    ("approver", "Arno Lindqvist", "arno@example.org"),
    ("approver", "Vera Lund", "vera@example.org"),
    ("auditor", "Una Marsh", "una@example.org"),
    ("admin", "Ada Brook", "ada.brook@example.org"),
)
# From which amount two people approve in the first community, in whole units.
TWO_APPROVE_FROM = 2_000

DONORS = (
    ("Piet Halvers", "piet@example.net", "name"),
    ("Rosa Quill", "rosa@example.net", "initials"),
    ("Jun Watanobe", "jun@example.net", "name"),
    ("Ines Cardew", "ines@example.net", "anonymous"),
    ("Bram Yates", "bram@example.net", "initials"),
    ("Łucja Żak", "lucja@example.net", "name"),
    ("Omar Delacroix", "omar@example.net", "initials"),
    ("Greta Holm", "greta@example.net", "name"),
)

MESSAGES = (
    "For the long winter evenings.",
    "Glad to see this happen at last.",
    "",
    "In memory of Aunt Vera's greenhouse.",
    "",
    "See you on Saturday!",
)

SKILLS = (
    ("MIN.ELEC", "electrician's work", "electricians' work", 4800, True),
    ("MIN.CARP", "carpentry", "carpentry", 4100, True),
    ("MIN.GEN", "general help", "general help", 3180, False),
)

THINGS = (
    ("EQP.PROJECTOR", "projector", "projectors"),
    ("EQP.LAPTOP", "laptop", "laptops"),
    ("EQP.TRAILER", "trailer", "trailers"),
    ("EQP.DRILL", "drill", "drills"),
)
