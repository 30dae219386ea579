"""Bank accounts and statements, matching their lines, cash and cheques."""
