"""Functional expenses: what a cost serves (FASB ASC 958-720-45).

Every cost names one; reports make the matrix of costs by nature and function from them.
"""

FUNCTIONS = ("programme", "management", "fundraising")
