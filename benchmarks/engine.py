"""The engine beside its peers: the same texts, the same outcome, computation only."""

from collections.abc import Callable, Iterator
from functools import _lru_cache_wrapper, partial
from typing import Any

import peers
from sizes import Sizes
from timing import Call, Contender, Work
from worlds import World, chain, diamond, includes

from prompt_kernel import language, names, variables
from prompt_kernel.expansion import Expander, Texts

OURS, JINJA = "Prompt Kernel", "Jinja2"
_WARM: dict[str, Callable[[World], Call]] = {
    JINJA: peers.jinja_warm,
    "minijinja": peers.minijinja_warm,
    "banks": peers.banks_warm,
    "chevron": peers.chevron,
    "re.sub": peers.substitution,
    "join": peers.join,
}
_COLD = {**_WARM, JINJA: peers.jinja_cold, "minijinja": peers.minijinja_cold, "banks": peers.banks_cold}
#: Everything that the modules below an expansion remember for the whole process.
_REMEMBERED: list[Any] = [
    value
    for module in (language, names, variables)
    for value in vars(module).values()
    if isinstance(value, _lru_cache_wrapper)
]


def works(sizes: Sizes) -> Iterator[tuple[str, Callable[[], Work]]]:
    """Give each work's name and how to set it up."""
    few, many = sizes.few_includes, sizes.many_includes
    yield "unchanged", lambda: _warm("unchanged", f"{few} includes of 1 KB, unchanged", includes(few, 1_000), 0.05)
    yield (
        "variables",
        lambda: _warm("variables", f"{few} includes with 20 variables, warm", includes(few, 1_000, 20), 0.25),
    )
    cold: list[tuple[str, str, Callable[[], World], float]] = [
        ("cold-10", f"{few} includes of 1 KB, cold", lambda: includes(few, 1_000), 0.02),
        ("cold-500", f"{many} includes of 0.4 KB, cold", lambda: includes(many, 400), 0.02),
        ("cold-chain", f"chain of {sizes.chain}, cold", lambda: chain(sizes.chain), 0.02),
        ("cold-diamond", f"diamond of depth {sizes.diamond}, cold", lambda: diamond(sizes.diamond), 0.005),
    ]
    for name, title, world, at_most in cold:
        yield name, partial(_cold, name, title, world, at_most)


def _warm(name: str, title: str, world: World, at_most: float) -> Work:
    return _work(name, title, world, at_most, kernel_warm(world), _WARM)


def _cold(name: str, title: str, make: Callable[[], World], at_most: float) -> Work:
    world = make()
    return _work(name, title, world, at_most, kernel_cold(world), _COLD)


def _work(
    name: str, title: str, world: World, at_most: float, ours: Call, others: dict[str, Callable[[World], Call]]
) -> Work:
    work = Work(name, title, JINJA, at_most, [Contender(OURS, ours)])
    for peer, make in others.items():
        try:
            work.contenders.append(Contender(peer, make(world)))
        except ModuleNotFoundError as error:
            work.refused[peer] = f"not installed ({error.name})"
    return work


def kernel_warm(world: World) -> Call:
    """Expand with an `Expander` that is kept."""
    expander, root, values = Expander(Texts(world.texts)), world.root, world.values
    return (lambda: expander.expand(root, values)) if values else (lambda: expander.expand(root))


def kernel_cold(world: World) -> Call:
    """Expand with nothing remembered: neither texts nor plans, nor what the modules keep."""
    texts, root, values = world.texts, world.root, world.values

    def call() -> str:
        for function in _REMEMBERED:
            function.cache_clear()
        return Expander(Texts(texts)).expand(root, values)

    return call
