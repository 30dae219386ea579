"""Shapes of what comes in: one schema per noun, read by forms and JSON alike.

A schema checks form, never meaning: whether a pledge may still be made is the service's to say.
"""
