"""What the stacks of an environment declare, as they were last applied: read from `terraform show -json`
(https://developer.hashicorp.com/terraform/internals/json-format#state-representation).

Belongs here: finding resources by type. Does not: comparing them with AWS (`looks`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

#: The attributes by which AWS's tagging API, and its other listings, name what a resource is.
_IDENTITIES = ("arn", "id", "name", "cluster_identifier", "key_id")


@dataclass(frozen=True)
class Resource:
    """A managed resource: its address in its stack, its type and its attributes."""

    address: str
    type: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Declared:
    """All managed resources of some stacks."""

    resources: tuple[Resource, ...]

    @property
    def addresses(self) -> frozenset[str]:
        """The addresses of all of them."""
        return frozenset(resource.address for resource in self.resources)

    @property
    def types(self) -> frozenset[str]:
        """The types of all of them."""
        return frozenset(resource.type for resource in self.resources)

    def all(self, *types: str) -> list[dict[str, Any]]:
        """The attributes of each resource of these types."""
        return [resource.values for resource in self.resources if resource.type in types]

    def every(self, attribute: str, *types: str) -> list[str]:
        """The values of a text attribute, of each resource of these types that has it."""
        return [values[attribute] for values in self.all(*types) if values.get(attribute)]

    @property
    def identities(self) -> set[str]:
        """The IDs, names and ARNs of all of them."""
        return self.identities_of(*self.types)

    def identities_of(self, *types: str) -> set[str]:
        """The same of the resources of these types only: a name is one's own among what is of the same type."""
        return {str(values[key]) for values in self.all(*types) for key in _IDENTITIES if values.get(key)}

    def __add__(self, other: Declared) -> Declared:
        return Declared(self.resources + other.resources)


#: What the state of a stack declares that was never applied.
NOTHING = Declared(())


def read_state(document: str) -> Declared:
    """Read the output of `terraform show -json`; nothing is declared where nothing was ever applied."""
    return declared_in(json.loads(document))


def declared_in(state: dict[str, Any]) -> Declared:
    """What a state declares: the output of `terraform show -json`, or `prior_state` of a plan."""
    values = state.get("values") or {}
    return Declared(tuple(_resources([values.get("root_module", {})])))


def _resources(modules: Iterable[dict[str, Any]]) -> Iterator[Resource]:
    for module in modules:
        for found in module.get("resources", []):
            if found["mode"] == "managed":
                yield Resource(found["address"], found["type"], found["values"])
        yield from _resources(module.get("child_modules", []))
