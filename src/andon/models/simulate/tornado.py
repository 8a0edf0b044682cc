"""What an answer leans on as one picture: bars around the base, the longest on top. Plain SVG, for day and night."""

from __future__ import annotations

import math
from html import escape

from andon.models.simulate.screen import Effect, Screen

SHOWN_MAX = 24
"""Bars in one picture; the rest is counted."""
LEFT, WIDTH, RIGHT, ROW, TOP = 210.0, 420.0, 150.0, 26.0, 86.0
STYLE = """
svg{font:13px system-ui,sans-serif;--ink:#171d21;--soft:#414c54;--line:#9aa5ac;--low:#1b4b8a;--high:#9a3b00;
--page:#ffffff}
@media(prefers-color-scheme:dark){svg{--ink:#e6eaec;--soft:#b3bdc3;--line:#56626a;--low:#8fb8f0;--high:#ffb066;
--page:#1d2225}}
.page{fill:var(--page)}text{fill:var(--ink)}.soft{fill:var(--soft);font-size:12px}.title{font-size:15px;font-weight:600}
.low{fill:var(--low)}.high{fill:var(--high)}.axis{stroke:var(--ink)}.grid{stroke:var(--line);stroke-dasharray:2 3}
.error{stroke:var(--ink);stroke-width:1.5;fill:none}
"""


def tornado(screen: Screen) -> str:
    """The picture as SVG text; the same bytes for the same answer."""
    shown = screen.effects[:SHOWN_MAX]
    height = TOP + ROW * len(shown) + 66.0
    width = LEFT + WIDTH + RIGHT
    one_way = screen.method == "one-way"
    ends = [abs(v) for e in shown for v in ((e.low, e.high) if one_way else (e.size + e.error,)) if math.isfinite(v)]
    reach = max([*ends, 1e-12])
    step = tick(reach)
    reach = step * math.ceil(reach / step - 1e-9)
    zero, scale = (LEFT + WIDTH / 2, WIDTH / 2 / reach) if one_way else (LEFT, WIDTH / reach)
    name = escape(title(screen))
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{name}">',
        f"<style>{STYLE}</style>",
        f'<rect class="page" width="{width:g}" height="{height:g}"/>',
        f'<text class="title" x="16" y="28">{name}</text>',
        f'<text class="soft" x="16" y="48">{escape(subtitle(screen))}</text>',
        *_legend(one_way),
    ]
    bottom = TOP + ROW * len(shown)
    for i in range(-round(reach / step) if one_way else 0, round(reach / step) + 1):
        x = zero + i * step * scale
        parts.append(
            f'<line class="{"grid" if i else "axis"}" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP:g}" y2="{bottom:g}"/>'
        )
        label = f"{i * step:+g}" if one_way and i else f"{i * step:g}"
        parts.append(f'<text class="soft" x="{x:.1f}" y="{bottom + 18:g}" text-anchor="middle">{label}</text>')
    for i, effect in enumerate(shown):
        parts += _bar(effect, TOP + ROW * i, zero, scale, one_way=one_way)
    what = "change of" if one_way else "mu*: mean size of the change of"
    unit = f", {screen.unit}" if screen.unit else ""
    middle = LEFT + WIDTH / 2
    parts.append(f'<text x="{middle:g}" y="{bottom + 40:g}" text-anchor="middle">{what} {screen.figure}{unit}</text>')
    if len(screen.effects) > len(shown):
        rest = screen.effects[len(shown) :]
        text = f"{len(rest)} more, none of them above {rest[0].size:.3g}"
        parts.append(f'<text class="soft" x="16" y="{bottom + 58:g}">{text}</text>')
    return "\n".join([*parts, "</svg>\n"])


def title(screen: Screen) -> str:
    """One line."""
    return f"What {screen.figure} ({screen.base:.4g} {screen.unit}) leans on".replace(" )", ")")


def subtitle(screen: Screen) -> str:
    """How it was made."""
    if screen.method == "one-way":
        how = "each mean at its 5 % and 95 % quantile, the others as declared"
    else:
        how = f"Morris screening, {screen.trajectories} trajectories"
    stars = "; * none is stated, so 10 % either way" if screen.unstated else ""
    return f"{how}{stars}; {screen.replications} futures each, the same ones; {screen.mark.mark}"


def _legend(one_way: bool) -> list[str]:
    pairs = (("low", "low end"), ("high", "high end")) if one_way else (("low", "mu*, with its error"),)
    found, x = [], LEFT
    for name, text in pairs:
        found.append(f'<rect class="{name}" x="{x:g}" y="62" width="12" height="12"/>')
        found.append(f'<text class="soft" x="{x + 18:g}" y="73">{text}</text>')
        x += 100.0
    return found


def _bar(effect: Effect, y: float, zero: float, scale: float, *, one_way: bool) -> list[str]:
    span = effect.span
    name = span.name + ("" if span.stated else " *")
    middle = y + ROW / 2 + 4
    parts = [f'<text x="{LEFT - 10:g}" y="{middle:g}" text-anchor="end">{escape(name)}</text>']
    sides = (("low", effect.low), ("high", effect.high)) if one_way else (("low", effect.size),)
    same = one_way and effect.low * effect.high > 0
    for i, (kind, value) in enumerate(sides):
        if not math.isfinite(value) or value == 0.0:
            continue
        long = abs(value) * scale
        thick = (ROW - 8) / 2 if same else ROW - 8
        top = y + 4 + (thick if same and i else 0.0)
        x = zero if value > 0 else zero - long
        parts.append(f'<rect class="{kind}" x="{x:.1f}" y="{top:.1f}" width="{long:.1f}" height="{thick:.1f}"/>')
    if not one_way and math.isfinite(effect.error):
        low, high = (zero + max(effect.size + d, 0.0) * scale for d in (-effect.error, effect.error))
        parts.append(f'<path class="error" d="M{low:.1f} {y + ROW / 2:g}H{high:.1f}"/>')
    unit = "" if span.unit == "1" else f" {span.unit}"
    text = f"{span.low:.3g} .. {span.high:.3g}{unit}"
    parts.append(f'<text class="soft" x="{LEFT + WIDTH + 12:g}" y="{middle:g}">{escape(text)}</text>')
    return parts


def tick(reach: float) -> float:
    """A round step that divides an axis into two to five.

    >>> tick(1.0), tick(0.37), tick(26.0)
    (0.2, 0.1, 10.0)
    """
    raw = reach / 5.0
    power = 10.0 ** math.floor(math.log10(raw))
    return next(m * power for m in (1.0, 2.0, 5.0, 10.0) if m * power >= raw * (1.0 - 1e-9))
