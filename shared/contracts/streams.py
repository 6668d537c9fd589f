"""Names of the streams. One stream per publishing service; its topic has one partition per lane and keeps everything."""

from __future__ import annotations

from typing import Final

INTAKE: Final = "pruefpfad.intake"
FUNDING: Final = "pruefpfad.funding"
REPORTING: Final = "pruefpfad.reporting"
SUBMISSIONS: Final = "pruefpfad.submissions"
"""What other services hand in. No sequence of ours: identity is CloudEvents (source, id)."""
REPLAY: Final = "pruefpfad.replay"
"""Requests of consumers that are behind. One partition, short retention, read by every relay."""

STREAMS: Final = (INTAKE, FUNDING, REPORTING)
