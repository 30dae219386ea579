"""The walk through ``docs/deploy.md``: its commands, run on a machine of the tests."""
