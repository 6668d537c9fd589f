"""Funding's database, one module for each thing one may want of it.

``posting`` is the hot path; ``waiting``, ``matching`` and ``reconciling`` serve the chores, ``looking`` people; all of them use
``relations`` (which subject concerns which) and ``reading`` (rows back into facts and entries).

Locks: journal rows in the order of their subjects, always before the lanes of the outbox. What does not exist yet is made first.
"""
