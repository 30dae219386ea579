"""Every failure case of the payments design, against the sandbox as a process of its own."""
