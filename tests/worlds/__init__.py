"""What tests start from, each made through the services or the pages and never by rows alone.

``town`` has two communities, a pool and somebody in every role, for pages; ``hamlet`` three
communities and a pool, for services; ``bank_hall`` money on its way, for bank lines; ``till``
Stripe's movements, for payments; ``shop`` a database with the sandbox at its other end;
``sandbox`` a sandbox in which everything has happened once; ``worked_events`` the five books of
the worked events; ``served_town`` the processes of an installation, and who kills them.
"""
