"""Pure functions: what events mean in the books. Standard library only; no clock, no database."""
