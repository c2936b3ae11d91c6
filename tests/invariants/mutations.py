"""Whether the proofs would notice: breaks the SQL and the publishing code in one place at a time and runs them.

    python -m tests.invariants.mutations --sample 15 --seed 1     # some, at random
    python -m tests.invariants.mutations                          # all, for hours
    python -m tests.invariants.mutations --list

Works in a copy of the checkout. A mutant that no test turns red is one that survived; each is named with its line, for
somebody to say whether it changes anything that a reader could see.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

CHECKOUT = Path(__file__).resolve().parents[2]
COPIED = ("sparkify_assets", "sql", "tests", "pyproject.toml", "dagster.yaml")
#: Files that only show something: no row of a table follows from them.
SHOWN = ("current_loads.sql", "lock_holder.sql", "quarantined.sql")
#: What is run against each mutant, the quickest to notice first.
PROOFS = (
    ["test_corrections.py"],
    ["test_order.py", "-k", "worlds or repetition"],
    ["test_blocked.py"],
    ["test_concurrency.py", "-k", "not first"],
    ["test_moving_source.py", "-k", "during and commit or during and lock or slow"],
    ["test_faults.py"],
)

#: In a line of SQL: what is found -> what takes its place.
SWAPS = (
    (r" is not null", " is null"),
    (r" is null", " is not null"),
    (r" <> ", " = "),
    (r" <= ", " < "),
    (r" >= ", " > "),
    (r"(?<![<>]) = ", " <> "),
    (r" < ", " >= "),
    (r" > ", " <= "),
    (r" desc\b", " asc"),
    (r" asc\b", " desc"),
    (r" nulls last", " nulls first"),
    (r"\bselect distinct\b", "select"),
    (r"\bleft join\b", "inner join"),
    (r"\bunion all\b", "union"),
    (r"\bmax\(", "min("),
    (r"\brtrim\((\S+)\)", r"\1"),
    (r"\bnullif\((\S+), \S+\)", r"\1"),
)
#: One item of a sort order inside a line.
ITEM = re.compile(r"(?<=[ ,])[\w.()]+ (?:asc|desc)(?: nulls last)?,? ?")
#: In the code that publishes: what it stops doing.
STEPS = (
    ("with session.transaction() as transaction:", "with session.transaction(lock=False) as transaction:"),
    ("self._verify_versions(batch, staged)", "pass"),
    ("self._audit(transaction, batch.dataset, publishing)", "pass"),
    ("ledger.discard_blocked(transaction, batch.dataset, keys)", "pass"),
    ("staged = batch.without_loaded(staged, known)", "staged = list(staged)"),
    ("publishing = [key for key in keys if key not in failed]", "publishing = list(keys)"),
    ("if item.partition in batch.kept and item.partition in known:", "if False:"),
    ("if violation.partition_key in keys:", "if False:"),
    ('if was is None or was.state != "blocked":', "if was is None:"),
    ('transaction.run("ledger/publish", batch_id=batch.id, release_reason=release)', "pass"),
    ('("merge/plays_of_titles", None),', ""),
    ('("merge/users", "users"),', ""),
    ('("merge/time", "time"),', ""),
    ('("merge/artists", "artists"),', ""),
)


@dataclass(frozen=True)
class Mutant:
    """One file with one place changed; `line` counts from 1."""

    file: str
    line: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.old.strip()}  ->  {self.new.strip() or '(nothing)'}"


def mutants() -> Iterator[Mutant]:
    for folder in ("merge", "copy", "ledger"):
        for path in sorted((CHECKOUT / "sql" / folder).glob("*.sql")):
            name = str(path.relative_to(CHECKOUT))
            if path.name in SHOWN:
                continue
            for number, line in enumerate(path.read_text().splitlines(), 1):
                if not line.lstrip().startswith("--"):
                    for new in sorted(set(mutated(line)) - {line}):
                        yield Mutant(name, number, line, new)
    path = CHECKOUT / "sparkify_assets/publishing.py"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for old, new in STEPS:
            if old in line:
                yield Mutant(str(path.relative_to(CHECKOUT)), number, line, line.replace(old, new))


def mutated(line: str) -> Iterator[str]:
    for pattern, replacement in SWAPS:
        for match in re.finditer(pattern, line):
            yield line[: match.start()] + match.expand(replacement) + line[match.end() :]
    if re.match(r"\s+and [^(]*$", line):
        yield ";" if line.endswith(";") else ""
    if match := re.match(r"(\s*where) [^(]+?(;?)$", line):
        yield f"{match[1]} 1 = 1{match[2]}"
    for match in ITEM.finditer(line):
        rest = line[: match.start()] + line[match.end() :]
        if match[0].rstrip().endswith(",") and rest.strip():
            yield rest


def survives(mutant: Mutant, copy: Path) -> str | None:
    """None where the proofs notice; else what was not noticed."""
    path = copy / mutant.file
    whole = path.read_text()
    changed = whole.splitlines()
    assert changed[mutant.line - 1] == mutant.old, f"{mutant.file} has changed"
    changed[mutant.line - 1] = mutant.new
    path.write_text("\n".join(changed) + "\n")
    try:
        codes = prove(copy)
    finally:
        path.write_text(whole)
    return None if codes[-1] == 1 else f"the proofs ended with {codes}"


def prove(copy: Path) -> list[int]:
    """Run the proofs in a copy of the checkout until one does not pass; pytest's exit codes."""
    environment = os.environ | {"PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"}
    codes: list[int] = []
    for proof, *choice in PROOFS:
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "--timeout=120"]
        command += [f"tests/invariants/{proof}", *choice]
        run = subprocess.run(command, cwd=copy, env=environment, check=False, capture_output=True)
        codes.append(run.returncode)
        if run.returncode:
            break
    return codes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many of them, at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="only name them")
    chosen = parser.parse_args()
    found = list(mutants())
    if chosen.sample:
        found = Random(chosen.seed).sample(found, chosen.sample)
    if chosen.list:
        print(*found, sep="\n")  # noqa: T201
        return 0
    survivors = 0
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        for name in COPIED:
            source = CHECKOUT / name
            if source.is_dir():
                shutil.copytree(source, Path(folder, name), ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, folder)
        if any(prove(Path(folder))):
            parser.error("the proofs do not pass on the code as it is: no mutant would say anything")
        for number, mutant in enumerate(found, 1):
            started = time.monotonic()
            why = survives(mutant, Path(folder))
            survivors += why is not None
            verdict = f"SURVIVED ({why})" if why else "killed"
            seconds = time.monotonic() - started
            print(f"{number}/{len(found)} {verdict} in {seconds:.0f} s  {mutant}", flush=True)  # noqa: T201
    print(f"{len(found) - survivors} of {len(found)} killed")  # noqa: T201
    return survivors > 0


if __name__ == "__main__":
    sys.exit(main())
