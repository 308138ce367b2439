"""Frozen dataclasses and enums that both sides of the system speak; standard library only."""
