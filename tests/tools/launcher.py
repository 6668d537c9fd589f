"""Starts one service as ``pruefpfad serve`` does, with what only a test may choose: a clock that stands, a planted fault.

    python -m tests.tools.launcher funding --at 2026-03-02T11:00:00+00:00
    python -m tests.tools.launcher funding --at 2026-03-02T11:00:00+00:00 --fault repeats
"""

from __future__ import annotations

import argparse
import sys
from datetime import datetime

from services.funding.app import create as funding
from services.intake.app import create as intake
from services.reporting.app import create as reporting
from shared.messaging import inbox
from shared.messaging.restored import RestoredFromOlderBackup
from shared.messaging.work import StandingClock
from shared.runtime.settings import read_settings
from shared.runtime.stack import Stack
from shared.runtime.telemetry import configure_log

CREATE = {"intake": intake, "funding": funding, "reporting": reporting}
REFUSED = 3
"""Exit code of a service that refuses to start."""


def main() -> int:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.launcher", description=main.__doc__, epilog=__doc__)
    parser.add_argument("service", choices=CREATE)
    parser.add_argument("--at", type=datetime.fromisoformat, required=True, help="the instant at which the clock stands")
    parser.add_argument("--fault", choices=("repeats",), help="repeats: apply again what was applied before")
    given = parser.parse_args()
    if given.fault == "repeats":
        apply_repeats_again()
    settings, create = read_settings(), CREATE[given.service]
    configure_log(settings.log)
    try:
        Stack(settings, [lambda settings: create(settings, StandingClock(given.at))]).run()
    except RestoredFromOlderBackup as refusal:
        print(refusal, file=sys.stderr)
        return REFUSED
    return 0


def apply_repeats_again() -> None:
    """The planted fault: an inbox that knows a repeat when it sees one, and hands it over all the same."""
    arrive = inbox._Batch.arrive

    def arrive_again(batch: inbox._Batch) -> None:
        arrive(batch)
        batch._facts += [fact for repeat in batch._repeats if (fact := batch.parked.readable(repeat)) is not None]

    setattr(inbox._Batch, "arrive", arrive_again)  # noqa: B010  (a planted fault is no typed interface)


if __name__ == "__main__":
    sys.exit(main())
