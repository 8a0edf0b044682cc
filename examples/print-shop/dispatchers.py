"""Dispatchers for the press: functions that answer which of the waiting jobs comes next."""


def shortest(decision):
    """The job with the least expected time; of equals the one that came first."""
    return int(decision.feature("expected").argmin())


def calm(decision):
    """Stay with the plates that are on, unless a job is late: then the latest one goes first."""
    due = decision.feature("due in")
    if due.min() < 0.0:
        return int(due.argmin())
    return int(decision.feature("same product").argmax())
