"""Replications of several images side by side on the same random numbers, grown until a rule says that it is enough."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from andon.models.simulate import jit
from andon.models.simulate.figures import Figure, figures
from andon.models.simulate.image import Image
from andon.models.simulate.laws import Unrunnable
from andon.models.simulate.question import Question, figure_of, ordered_figure_of
from andon.models.simulate.rows import Rows
from andon.models.simulate.run import CHUNK, CHUNK_FIRST, REPLICATIONS_MAX, Pool, refuse_large, replicate
from andon.models.simulate.select import FIRST, SOURCE, Race
from andon.models.simulate.sequential import SAME_MIN, Stopped, decided, half_width, looks, precise

Tell = Callable[[int, int, str], None]
"""Called with: futures done of each, wanted, and a running interval in words."""
Each = Callable[["Together"], None]
"""Called after each round with what is there so far, as if it had been interrupted then."""


@dataclass
class Grown:
    """One image's replications, which can be continued."""

    image: Image
    seed: int
    pool: Pool | None = None
    flavour: jit.Flavour = "compiled"
    rows: Rows | None = None

    def to(self, n: int, stop: Callable[[], bool] | None = None) -> Rows:
        """The first `n` replications, or fewer when `stop` said so."""
        have = 0 if self.rows is None else self.rows.n
        if n > have:
            more = replicate(
                self.image, n - have, self.seed, pool=self.pool, stop=stop, flavour=self.flavour, first=have
            )
            self.rows = more if self.rows is None else self.rows.joined(more)
        if self.rows is None:
            raise Unrunnable(f"{n} replications cannot be run; ask for 1 to {REPLICATIONS_MAX:,}")
        return self.rows.part(0, n)


@dataclass(frozen=True)
class Chosen:
    """What a selection came to."""

    index: int
    """The one that is chosen, or the best so far."""
    reached: bool
    left_at: dict[int, int]
    """Futures after which each of the others was left behind."""
    text: str


@dataclass(frozen=True)
class Together:
    """Replications of all, of the same futures."""

    rows: tuple[Rows, ...]
    stopped: Stopped | None
    chosen: Chosen | None
    interrupted: bool


def run_together(
    grown: Sequence[Grown],
    question: Question,
    tell: Tell | None = None,
    stop: Callable[[], bool] | None = None,
    each: Each | None = None,
) -> Together:
    """Run as many futures of each as the question wants.

    Args:
        grown: the base first, then the alternatives.
        question: how many, or until when.
        tell: called after each round with a running interval.
        stop: asked between parts; when it says yes, what every one has done so far is the answer.
        each: called after each round but the last.

    Raises:
        Unrunnable: one of them cannot run, or the question names a figure that there is not.
    """
    question.refuse()
    sequential = question.until is not None or bool(question.decided)
    last = question.replications_max if sequential or question.select else question.replications
    refuse_large([one.image for one in grown], last)
    if question.select:
        return _select(grown, question, tell, stop, each)
    rounds = looks(question.replications_max) if sequential else _rounds(question.replications)
    rows: tuple[Rows, ...] = ()
    for n in rounds:
        done = _round(grown, n, stop)
        if done is None:
            break
        rows = done
        tables = [figures(r, *question.names) for r in rows]
        if question.decided:
            ordered_figure_of(tables[0], question.decided)
        if tell is not None:
            tell(n, last, running(tables, question))
        if sequential and _enough(tables, question):
            return Together(rows, _stopped(tables, question, True), None, False)
        if each is not None and n < last:
            each(Together(rows, None, None, True))
    interrupted = not rows or rows[0].n < last
    if not rows:
        rows = _first(grown, stop)
    end = _stopped([figures(r, *question.names) for r in rows], question, False) if sequential else None
    return Together(rows, end, None, interrupted)


def _rounds(n: int) -> Iterator[int]:
    """Few at first, so that somebody who waits sees an interval at once; then in growing steps.

    >>> list(_rounds(200)), list(_rounds(3))
    ([5, 25, 100, 200], [3])
    """
    step = CHUNK_FIRST
    while step < n:
        yield step
        step = CHUNK if step < CHUNK else 4 * step
    yield n


def _round(grown: Sequence[Grown], n: int, stop: Callable[[], bool] | None) -> tuple[Rows, ...] | None:
    """All of them up to `n`; None when it was stopped before that."""
    found = []
    for one in grown:
        if stop is not None and stop():
            return None
        rows = one.to(n, stop)
        if rows.n < n:
            return None
        found.append(rows)
    return tuple(found)


def _first(grown: Sequence[Grown], stop: Callable[[], bool] | None) -> tuple[Rows, ...]:
    """What all have done when it was stopped in the first round: at least the first part, which is small."""
    found = [one.to(CHUNK_FIRST, stop) for one in grown]
    return tuple(r.part(0, min(f.n for f in found)) for r in found)


def _wanted(tables: Sequence[Sequence[Figure]], name: str) -> list[tuple[np.ndarray, float]]:
    """What a rule is about: the figure of the base alone, else its paired differences; with the base's mean."""
    base = figure_of(tables[0], name).values
    mean = float(np.nanmean(base)) if np.isfinite(base).any() else 0.0
    if len(tables) == 1:
        return [(base, mean)]
    return [(figure_of(other, name).values - base, mean) for other in tables[1:]]


def _enough(tables: Sequence[Sequence[Figure]], question: Question) -> bool:
    good = True
    if question.until is not None:
        until = question.until
        good = all(
            precise(x, until.amount, relative=until.relative, mean=mean if len(tables) > 1 else None)
            for x, mean in _wanted(tables, until.figure)
        )
    if question.decided:
        each = 1.0 - (1.0 - question.confidence) / max(1, len(tables) - 1)
        good = good and all(decided(x, each) for x, _ in _wanted(tables, question.decided))
    return good


def _stopped(tables: Sequence[Sequence[Figure]], question: Question, reached: bool) -> Stopped:
    """In words: which rule, and whether it was the rule or the bound that ended it."""
    n = len(tables[0][0].values)
    rules, texts = [], []
    if question.until is not None:
        name = figure_of(tables[0], question.until.figure).name
        rules.append(
            f"95 % half-width of the mean {'difference of ' if len(tables) > 1 else ''}{name} below "
            f"{question.until.text().rpartition('±')[2]} (Chow and Robbins 1965; Law and Kelton)"
        )
        wide = max(half_width(x[np.isfinite(x)]) for x, _ in _wanted(tables, question.until.figure))
        texts.append(f"half-width {wide:.3g} after {n} futures")
    if question.decided:
        name = ordered_figure_of(tables[0], question.decided).name
        rules.append(
            f"sign of the difference of {name} known at {question.confidence:g}, however often one looks "
            "(mixture likelihood ratio, Lai 1976, Ville)"
        )
        each = 1.0 - (1.0 - question.confidence) / max(1, len(tables) - 1)
        known = [decided(x, each) for x, _ in _wanted(tables, question.decided)]
        same = all(not np.any(x[np.isfinite(x)]) for x, _ in _wanted(tables, question.decided))
        texts.append("no future differs" if same else f"{sum(known)} of {len(known)} decided after {n} futures")
    if not reached:
        texts.append(f"the bound of {n} futures came first, so it is not known as well as was asked")
    return Stopped(reached, n, "; ".join(rules), "; ".join(texts))


def running(tables: Sequence[Sequence[Figure]], question: Question) -> str:
    """A running interval in a few words."""
    name = question.select or question.decided or (question.until.figure if question.until else "completed")
    parts = []
    for x, _ in _wanted(tables, name):
        kept = x[np.isfinite(x)]
        if len(kept) > 1:
            parts.append(f"{kept.mean():{'+' if len(tables) > 1 else ''}.4g} +- {half_width(kept):.2g}")
    unit = figure_of(tables[0], name).unit
    return f"{name} {', '.join(parts[:4])} {unit}" if parts else name


def _exists(figure: Figure) -> None:
    """Raises `Unrunnable` where some futures have no such figure: nothing can be chosen by it."""
    none = int(np.count_nonzero(~np.isfinite(figure.values)))
    if none:
        n = len(figure.values)
        raise Unrunnable(
            f"`{figure.name}` does not exist in {none} of {n} futures; choose by another, or look further ahead"
        )


def _select(
    grown: Sequence[Grown],
    question: Question,
    tell: Tell | None,
    stop: Callable[[], bool] | None,
    each: Each | None,
) -> Together:
    """Run those that are still in the race, until one is left or the bound comes."""
    try:
        race = Race(len(grown), question.indifference, question.confidence)
    except ValueError as error:
        raise Unrunnable(str(error)) from error
    n, better, name, unit = 0, 1, question.select, ""
    interrupted = False
    while race.chosen is None and n < question.replications_max:
        wanted = min(n + CHUNK if n else FIRST, question.replications_max)
        table = np.zeros((wanted, len(grown)))
        for i in race.alive:
            rows = grown[i].to(wanted, stop)
            if rows.n < wanted or (stop is not None and stop()):
                interrupted = True
                break
            figure = ordered_figure_of(figures(rows, question.select), question.select)
            better, name, unit = figure.better, figure.name, figure.unit
            _exists(figure)
            table[:, i] = figure.values * better
        if interrupted:
            break
        n = wanted
        race.look(table)
        if tell is not None:
            means = table.mean(axis=0) * better
            text = ", ".join(f"{means[i]:.4g}" for i in race.alive[:4])
            tell(n, question.replications_max, f"{len(race.alive)} of {len(grown)} left: {name} {text} {unit}")
        if each is not None and race.chosen is None and n < question.replications_max:
            each(_raced(grown, question, race, (n, better, unit), _so_far(grown, n), True))
    return _raced(
        grown, question, race, (n, better, unit), _so_far(grown, n) if n else _first(grown, stop), interrupted
    )


def _so_far(grown: Sequence[Grown], n: int) -> tuple[Rows, ...]:
    return tuple(one.to(min(n, one.rows.n if one.rows else n)) for one in grown)


def _raced(
    grown: Sequence[Grown],
    question: Question,
    race: Race,
    at: tuple[int, int, str],
    rows: tuple[Rows, ...],
    interrupted: bool,
) -> Together:
    """What a race has come to after `at`: futures, better side, unit."""
    n, better, unit = at
    last = [figure_of(figures(r, question.select), question.select).values for r in rows]
    means = [better * float(np.nanmean(values)) for values in last]
    index = race.chosen if race.chosen is not None else max(race.alive, key=lambda i: means[i])
    zone = f"{question.indifference:g} {unit}".strip()
    if race.chosen is not None:
        text = f"chosen with probability {question.confidence:g} or more, if it is better than each by {zone} or more"
    else:
        left = len(race.alive)
        ended = f"it was stopped after {n} futures" if interrupted else f"the bound of {n} futures came first"
        text = f"{ended}: {left} of {len(grown)} are still in it, and this is the best so far"
    chosen = Chosen(index, race.chosen is not None, dict(race.left_at), f"{text}; {SOURCE}")
    if interrupted:  # what can be asked again has as many futures of each
        rows = tuple(r.part(0, min(r.n for r in rows)) for r in rows)
    return Together(rows, None, chosen, interrupted)


__all__ = ["SAME_MIN", "Chosen", "Grown", "Tell", "Together", "run_together", "running"]
