"""What most communities pool, so that a fresh installation can take a pledge of hours or things.

Codes as in domain section 3.1, each with the noun for one and for many. More come with the
campaigns, receipts and rates that name them.
"""

USUAL_SKILLS = (
    ("MIN.GEN", "general help", "general help"),
    ("MIN.CARP", "carpentry", "carpentry"),
    ("MIN.ELEC", "electrician's work", "electricians' work"),
    ("MIN.PLUMB", "plumbing", "plumbing"),
    ("MIN.PAINT", "painting", "painting"),
    ("MIN.GARDEN", "gardening", "gardening"),
    ("MIN.DRIVE", "driving", "driving"),
    ("MIN.COOK", "cooking", "cooking"),
    ("MIN.TEACH", "teaching", "teaching"),
    ("MIN.BOOKKEEP", "bookkeeping", "bookkeeping"),
    ("MIN.IT", "computer help", "computer help"),
    ("MIN.DESIGN", "design", "design"),
)

USUAL_THINGS = (
    ("EQP.LAPTOP", "laptop", "laptops"),
    ("EQP.PROJECTOR", "projector", "projectors"),
    ("EQP.TOOL", "tool", "tools"),
    ("EQP.DRILL", "drill", "drills"),
    ("EQP.LADDER", "ladder", "ladders"),
    ("EQP.TRAILER", "trailer", "trailers"),
    ("EQP.VAN", "van", "vans"),
    ("EQP.BICYCLE", "bicycle", "bicycles"),
    ("EQP.TENT", "tent", "tents"),
    ("EQP.TABLE", "table", "tables"),
    ("EQP.CHAIR", "chair", "chairs"),
    ("EQP.SOUND_SYSTEM", "sound system", "sound systems"),
)
