"""Random draws that are the same on every version of Python, and the words that names and titles are made of."""

from __future__ import annotations

import re
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")

FEMALE_NAMES = """Ada Beatriz Chloe Dalia Esmé Freya Grace Hana Ines Jacqueline Kaylee Lily Mónica Noor
    Olive Priya Rosalía Siân Tegan Uma Violet Wren Yuki Zoë""".split()

MALE_NAMES = """Amir Björn Cole Dmitri Elias Felix Gustavo Hiro Isaac Jacob José "Kid" Luca Mateo Nikolai
    Omar Pavel Rylan Sven Tomás Umberto Víctor Walter Youssef""".split()

LAST_NAMES = """Andrade Bell Cuevas D'Angelo Eriksen Fernández George Harrell Ivanova Jensen Koch Levine
    Miles Müller Nakamura O'Neil Okafor Park Quinn Rodriguez Smith-Jones Summers Tanaka Ueda Vargas
    Watkins Young Zając""".split()

ADJECTIVES = """Ancient Blue Broken Crooked Distant Electric Faithful Golden Hollow Hidden Icy Jealous Kind
    Lonely Midnight Northern Open Paper Quiet Restless Silver Tender Unspoken Velvet Wild Young""".split()

NOUNS = """Anchor Bridge Candle Dream Engine Fire Garden Harbour Island Journey Kingdom Letter Mirror Night
    Ocean Parade River Signal Train Umbrella Valley Window Winter Yard""".split()

TOWNS = """Aarhus Berlin Córdoba Dakar Eugene Fargo Göteborg Houston Kraków Leeds Memphis Nantes Osaka Porto
    Quito Reykjavík Tulsa Utrecht Xalapa Zürich""".split()

WORDS = {
    "first": FEMALE_NAMES + MALE_NAMES,
    "last": LAST_NAMES,
    "adjective": ADJECTIVES,
    "noun": NOUNS,
    "town": TOWNS,
}


class Dice:
    """Reproducible draws: each is computed from `Random.random()` by multiplication only."""

    def __init__(self, seed: str) -> None:
        self.random = Random(seed).random

    def below(self, bound: int) -> int:
        return int(self.random() * bound)

    def chance(self, share: float) -> bool:
        return self.random() < share

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.random() * len(choices))]

    def pick_early(self, choices: Sequence[T]) -> T:
        """Prefer the first choices, as listeners prefer hits: the first tenth gets a third of the draws."""
        return choices[int(self.random() * self.random() * len(choices))]

    def fill(self, form: str) -> str:
        """Put words into a form such as `{adjective} {noun}`."""
        return re.sub(r"{(\w+)}", lambda blank: self.pick(WORDS[blank[1]]), form)
