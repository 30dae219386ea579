"""What a community spends, owes its members, grants, lends and buys, as kinds of agreement."""
