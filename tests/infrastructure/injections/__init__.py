"""What people add and change by hand on a provisioned environment: a table of kinds, each with what a look for drift
has to say of it, and whether an apply takes it away or a command does.

Every injection is a call that AWS would take too, except where a comment says what AWS would want besides.
"""

from tests.infrastructure.injections.account import Account
from tests.infrastructure.injections.healed import HEALED
from tests.infrastructure.injections.kinds import Injection, seen
from tests.infrastructure.injections.named import NAMED

INJECTIONS = (*HEALED, *NAMED)

__all__ = ["HEALED", "INJECTIONS", "NAMED", "Account", "Injection", "seen"]
