"""What Terraform prints while it runs, and what a person can do about the known errors.

Belongs here: reading its output of JSON lines, and advice. Does not: running it (`terraform`).
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sparkify_assets.infra import DEFAULT_ENVIRONMENT


@dataclass(frozen=True)
class Diagnostic:
    """One warning or error of Terraform (https://developer.hashicorp.com/terraform/internals/machine-readable-ui)."""

    severity: str
    summary: str
    detail: str
    address: str

    @classmethod
    def of(cls, document: dict[str, Any]) -> Diagnostic:
        """Read what Terraform writes of a diagnostic."""
        detail, address = document.get("detail", ""), document.get("address", "")
        return cls(document["severity"], document["summary"], detail, address)

    def __str__(self) -> str:
        where = f" [{self.address}]" if self.address else ""
        return " ".join(f"{self.summary}: {self.detail}{where}".split()).removesuffix(": ")


def diagnostics(output: str) -> Iterator[Diagnostic]:
    """The diagnostics in a command's output: `validate` prints them in one document, other commands in a line each."""
    documents = parse(output).get("diagnostics", [])
    messages = [parse(line) for line in output.splitlines()]
    documents += [message["diagnostic"] for message in messages if message.get("type") == "diagnostic"]
    return map(Diagnostic.of, documents)


def first_error(complaint: str) -> str:
    """The error in a command's plain text, without earlier warnings and without its frame."""
    text = " ".join(re.sub("[╷│╵]", " ", complaint).split())
    return text[max(text.find("Error: "), 0) :].removeprefix("Error: ")[:2000]


def parse(text: str) -> dict[str, Any]:
    """The JSON object that a text is, or an empty one if it is none."""
    try:
        message = json.loads(text)
    except ValueError:
        return {}
    return message if isinstance(message, dict) else {}


#: The types of messages that are logged. Type `outputs` is not among them, nor is any line that is no message: what
#: `terraform show` and `terraform output` print may be sensitive.
_LOGGED = frozenset(
    "log init_output diagnostic change_summary apply_start apply_progress apply_complete apply_errored"
    " state_lock_acquire".split()
)


def message_of(line: str) -> str:
    """The text to log of a line of output, which is empty for most."""
    message = parse(line)
    reading = message.get("hook", {}).get("action") == "read"  # data sources are many and of no interest
    if message.get("type") not in _LOGGED or reading:
        return ""
    if message["type"] == "diagnostic":
        return f"{message['@level']}: {Diagnostic.of(message['diagnostic'])}"
    return str(message.get("@message", "")).strip()


def advise(text: str, waited: str = "0s") -> tuple[str, str]:
    """The kind of a failure and advice, by what AWS and Terraform say; ("other", "") for an unknown one.

    `waited` is how long the command would have waited for a locked state, as `60s`.
    """
    # Without the lock's information, nobody holds the lock: it could not be requested.
    if re.search("Error acquiring the state lock|failed to lock s3 state", text) and "Lock Info" in text:
        return "locked", _advise_on_lock(text, waited)
    for kind, pattern, advice in _KNOWN:
        if found := re.search(pattern, text, re.IGNORECASE):
            named = {"found": found.group(0), "text": " ".join(text.split())[:500], **found.groupdict()}
            return kind, advice.format(**named)
    return "other", ""


def _advise_on_lock(text: str, waited: str) -> str:
    """Who holds the lock, in the lock's own words (https://developer.hashicorp.com/terraform/language/state/locking)."""
    info = text.partition("Lock Info:")[2].partition("Terraform acquires")[0]
    names = "ID|Path|Operation|Who|Version|Created|Info"
    lock = defaultdict(lambda: "unknown", re.findall(rf"\b({names}):\s+(.+?)(?=\s+(?:{names}):|\s*$)", info))
    workspace = re.search(r"(?:env:|terraform\.tfstate\.d)/([^/]+)/", lock["Path"])
    environment = workspace[1] if workspace else DEFAULT_ENVIRONMENT
    remedy = f"sparkify infra unlock {lock['ID']} --env {environment}"
    if (
        "failed to lock s3 state" in text
    ):  # Terraform was making an empty state, and unlocks none that is not there
        remedy = f"aws s3 rm s3://{lock['Path']}"
    return (
        f"the state is locked by {lock['Who']} since {lock['Created']} ({lock['Operation']}), and did not come free"
        f" within {waited}. Wait for it, or, if that process is surely gone: {remedy}"
    )


_KNOWN = (
    (
        "unsaved",
        r"Failed to (?:save|persist) state|Error saving state",
        "what was made could not be written to the shared state, and is in errored.tfstate in the stack's folder"
        " until it can. Launch again, and you are told how to bring it in. The reason: {text}",
    ),
    (
        "clock",
        r"RequestTimeTooSkewed|RequestExpired|RequestInTheFuture|Signature (?:expired|not yet current)",
        "AWS finds the time in the requests wrong by more than some minutes ({found}): set this machine's clock"
        " (`timedatectl`) and launch again",
    ),
    (
        "expired",
        r"ExpiredToken\w*|token included in the request is expired",
        "the AWS credentials have expired ({found}): renew them (for instance `aws sso login`) and launch again",
    ),
    (
        "credentials",
        r"No valid credential sources found|InvalidClientTokenId|SignatureDoesNotMatch|failed to refresh cached"
        r"|Unable to locate credentials",
        "no usable AWS credentials ({found}): set AWS_PROFILE, or log in",
    ),
    (
        "quota",
        r"\w*QuotaExceeded\w*|\w*LimitExceeded\w*|InsufficientClusterCapacity\w*",
        "AWS refuses more ({found}): {text}. Ask for a higher quota or choose a smaller size, then launch again;"
        " what exists already is kept",
    ),
    (
        "exists",
        r"\w*AlreadyExists\w*|BucketAlreadyOwnedByYou|ResourceAlreadyExistsException",
        "it exists already, but not in this state ({found}): {text}. If it is this environment's, take it into the"
        " state: `sparkify infra adopt` (by hand: terraform import)",
    ),
    (
        "no foundation",
        r"Unable to find remote state|No stored state was found",
        "the foundation of this environment is not there yet: apply stack foundation first",
    ),
    (
        "unprepared foundation",
        r"The foundation was not built for an orchestrator: .*",
        "{found}",
    ),
    (
        "half foundation",
        r"This object does not have an attribute named|Unsupported attribute",
        "the foundation's outputs are incomplete: apply stack foundation again",
    ),
    (
        "settings",
        r"Invalid value for (?:input )?variable: (?P<what>.+?)(?= This was checked by| \[|\n|$)",
        "{what}",
    ),
    ("stale", r"Saved plan is stale", "the state has changed since the plan was made: launch again"),
    (
        "denied",
        r"AccessDenied\w*|UnauthorizedOperation|is not authorized to perform",
        "AWS denies it ({found}): {text}",
    ),
    (
        "provider",
        r"Failed to query available provider packages|could not connect to registry|Failed to install provider",
        "the AWS provider can't be downloaded: check the network, or name a mirror (`terraform init -plugin-dir`)",
    ),
)
