"""`python -m andon.models.simulate` compiles the kernel into its cache, so that nobody waits for it later."""

from __future__ import annotations

from andon.models.simulate.asked import Asked
from andon.models.simulate.run import compile_site, replicate
from andon.models.simulate.textbook import Stage, constant, line


def compile_kernel() -> None:
    """Compile, or find it compiled: one replication of the smallest line."""
    site = line([Stage(constant(1.0))], constant(2.0))
    replicate(compile_site(site, None, 10.0, Asked()), 1, 1)


if __name__ == "__main__":
    compile_kernel()
