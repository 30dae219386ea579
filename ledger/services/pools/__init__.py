"""Pools: members, contributions, allocations, and transfers between communities."""
