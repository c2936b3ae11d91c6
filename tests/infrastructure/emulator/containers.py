"""ECS and RDS as the stack orchestrator finds them on AWS: what moto 5.2.5 forgets of a request it tells again.

The shapes follow https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_Service.html and
https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_Parameter.html. Only what the stack uses is here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.ecs.responses import EC2ContainerServiceResponse
from moto.rds.models import DBParameterGroup

_FORGOTTEN = ("enableECSManagedTags", "enableExecuteCommand", "availabilityZoneRebalancing")


def install() -> None:
    """Puts the corrections in place; call it before the server starts."""
    for name in ("create_service", "update_service"):
        method = getattr(EC2ContainerServiceResponse, name)
        setattr(EC2ContainerServiceResponse, name, _remembering(method))
    _say_whose_a_parameter_is()


def _remembering(method: Callable[[EC2ContainerServiceResponse], Any]) -> Callable[[Any], Any]:
    def call(self: EC2ContainerServiceResponse) -> Any:
        answer = method(self)
        for name in _FORGOTTEN:
            if (value := self._get_param(name)) is not None:
                setattr(answer.result["service"], name, value)
        return answer

    return call


def _say_whose_a_parameter_is() -> None:
    """A parameter that was set has the source `user`, by which the provider tells it from a default."""
    update = DBParameterGroup.update_parameters

    def update_parameters(self: DBParameterGroup, parameters: Iterable[dict[str, Any]]) -> None:
        update(self, [{**parameter, "Source": "user"} for parameter in parameters])

    DBParameterGroup.update_parameters = update_parameters  # type: ignore[method-assign]
