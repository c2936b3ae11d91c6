"""Whether the proofs would notice: breaks the SQL and the publishing code in one place at a time and runs them.

    python -m tests.invariants.mutations --sample 15 --seed 1     # some, at random
    python -m tests.invariants.mutations                          # all, for hours
    python -m tests.invariants.mutations --list

Works in a copy of the checkout. A mutant that no test turns red is one that survived; each is named with its line, for
somebody to say whether it changes anything that a reader could see.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

import redshift_local

CHECKOUT = Path(__file__).resolve().parents[2]
COPIED = ("sparkify_assets", "sql", "tests", "pyproject.toml", "dagster.yaml")
#: Files from which no row of a table follows: what is shown, what warns (`tests/loading/test_warnings.py`), what
#: sensors ask (`tests/automation`), the planner's statistics, whether to create what is there.
ASIDE = (
    "batch_bytes.sql", "batch_share.sql", "current_loads.sql", "current_warnings.sql", "discard_warnings.sql",
    "known_objects_count.sql", "lock_holder.sql", "plays_by_day.sql", "published_batches.sql", "published_keys.sql",
    "quarantined.sql", "layout.sql",
)  # fmt: skip
#: Mutants that do the same as the whole, by a part of their description, with the reason.
EQUIVALENT = {
    # what more is contested is chosen from all the same
    "plays_of_days.sql:8: where i.page = 'NextSong' and i.fault is null  ->  where 1 = 1": "only work",
    "plays_of_days.sql:31: where e.page = 'NextSong' and d.event_date is null;  ->  where 1 = 1": "as above",
    "plays_of_days.sql:36: where deliveries > 1  ->  where 1 = 1": "as above",
    "auth asc nulls last": "whoever plays is logged in",
    "auth desc nulls": "as above",
    "user_id desc nulls first": "a play has its user",
    "artist_id asc nulls first": "a song has its artist",
    "union all  ->  union": "no row comes from both sides: only work",
    "select distinct e.": "doubled rivals and plays give the same choice: only work",
    "select distinct  ->  select": "doubled candidates give the same choice: only work",
    "select distinct event_date  ->": "as above",
    "select distinct session_id": "as above",
    "where title is not null and artist_name is not null;  ->  where 1 = 1": "null equals no title: only work",
    "where t.namesakes > 1  ->  where 1 = 1": "the one song of a title is chosen from itself: only work",
    "republish_songs.sql": "what is withdrawn as well as arrived is touched once",
    "published_bounds.sql:4: where state = 'published'  ->  where 1 = 1": "wider bounds hold no more rows",
    ".dataset  ->  (nothing)": "a batch is of one data set, so its id says which",
    "and loads.state = 'published';  ->  ;": "none of these loads is in another state",
}
#: What is run against a mutant of the merges until it is noticed, the likeliest first.
_MERGING = (
    "test_order.py::test_each_column_of_an_order_decides",
    "test_corrections.py::test_random_corrections",
    "test_corrections.py",
    "test_order.py::test_other_worlds_in_other_orders",
    "test_blocked.py::test_a_released_day_stays_when_the_star_is_rebuilt",
    "test_faults.py",
)
#: The folder of a mutant -> what is run against it.
PROOFS = {
    "sql": _MERGING,
    "sql/merge": _MERGING,
    "sql/copy": ("test_faults.py", "test_corrections.py::test_random_corrections"),
    "sql/ledger": ("test_blocked.py", "test_vanishing.py", "test_corrections.py", "test_moving_source.py"),
    "sparkify_assets": (
        "test_blocked.py",
        "test_vanishing.py",
        "test_moving_source.py",
        "test_corrections.py",
        "test_concurrency.py::test_loads_at_once",
        "test_concurrency.py::test_a_reader_sees_whole_batches_only",
    ),
}
ALL_PROOFS = list(dict.fromkeys(proof for proofs in PROOFS.values() for proof in proofs))
#: A test that takes longer, in seconds, hangs.
PATIENCE = 240

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
    (r" \+ ", " - "),
    (r" - ", " + "),
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
#: An item of a sort order, but the last.
ITEM = re.compile(
    r"(?:^\s*(?:order by )?|(?<=, ))((?:[^,()]|\([^()]*\))+ (?:asc|desc)(?: nulls last)?),(?: |$)"
)
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
    files = [
        path for folder in ("merge", "copy", "ledger") for path in (CHECKOUT / "sql" / folder).glob("*.sql")
    ]
    for path in sorted([*files, CHECKOUT / "sql/fragments.sql"]):
        name = str(path.relative_to(CHECKOUT))
        if path.name in ASIDE:
            continue
        assigning = False
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assigning = line.startswith("set") or (assigning and not line.startswith(("where", "from")))
            if not line.lstrip().startswith("--"):
                for new in sorted(set(mutated(line, assigning)) - {line}):
                    yield Mutant(name, number, line, new)
    path = CHECKOUT / "sparkify_assets/load/publish.py"
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for old, new in STEPS:
            if old in line:
                yield Mutant(str(path.relative_to(CHECKOUT)), number, line, line.replace(old, new))


def mutated(line: str, assigning: bool) -> Iterator[str]:
    """The line with one thing changed. Where an update assigns, only the = of a condition compares."""
    for pattern, replacement in SWAPS:
        for match in re.finditer(pattern, line):
            if assigning and match[0] == " = " and "when " not in line[: match.start()]:
                continue
            yield line[: match.start()] + match.expand(replacement) + line[match.end() :]
    if re.match(r"\s+and [^(]*$", line):
        yield ";" if line.endswith(";") else ""
    if match := re.match(r"(\s*where) [^(]+?(;?)$", line):
        yield f"{match[1]} 1 = 1{match[2]}"
    for match in ITEM.finditer(line):
        rest = line[: match.start(1)] + line[match.end() :]
        yield rest if rest.strip() else ""


def survives(mutant: Mutant, copy: Path) -> bool:
    """Whether no proof notices."""
    path = copy / mutant.file
    whole = path.read_text()
    changed = whole.splitlines()
    assert changed[mutant.line - 1] == mutant.old, f"{mutant.file} has changed"
    changed[mutant.line - 1] = mutant.new
    path.write_text("\n".join(changed) + "\n")
    try:
        return prove(copy, PROOFS[str(Path(mutant.file).parent)]) != pytest.ExitCode.TESTS_FAILED
    finally:
        path.write_text(whole)


def prove(copy: Path, proofs: Iterable[str]) -> int:
    """Run proofs in a copy of the checkout until one does not pass; pytest's exit code.

    In a forked child that has all libraries already and imports the copy's own code.
    """
    proving = multiprocessing.get_context("fork").Process(target=_prove, args=(copy, proofs))
    proving.start()
    try:
        proving.join()
    finally:
        proving.kill()
    assert proving.exitcode is not None
    return proving.exitcode


def _prove(copy: Path, proofs: Iterable[str]) -> None:
    for name in list(sys.modules):
        if name.partition(".")[0] in ("tests", "sparkify_assets"):
            del sys.modules[name]
    sys.path.insert(0, str(copy))
    os.chdir(copy)
    with Path(os.devnull).open("w") as nowhere:
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    options = ["-x", "-q", "-p", "no:cacheprovider", f"--timeout={PATIENCE}"]
    os._exit(pytest.main([*options, *(f"tests/invariants/{proof}" for proof in proofs)]))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sample", type=int, help="so many of them, at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--share", default="1/1", help="the first of two shares: 1/2")
    parser.add_argument("--only", default="", help="those whose description has this text")
    parser.add_argument(
        "--unproven", action="store_true", help="do not run the proofs on the code as it is first"
    )
    parser.add_argument("--list", action="store_true", help="only name them")
    chosen = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    found = [mutant for mutant in mutants() if chosen.only in str(mutant)]
    found = [mutant for mutant in found if not any(part in str(mutant) for part in EQUIVALENT)]
    found = Random(chosen.seed).sample(found, min(chosen.sample or len(found), len(found)))
    share, shares = map(int, chosen.share.split("/"))
    found = found[share - 1 :: shares]
    if chosen.list:
        print(*found, sep="\n")  # noqa: T201
        return 0
    for proof in ALL_PROOFS:
        importlib.import_module(f"tests.invariants.{proof.partition('.')[0]}")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder, "copy")
        for name in COPIED:
            source = CHECKOUT / name
            if source.is_dir():
                shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy)
        os.environ["SPARKIFY_TEST_SERVER"] = redshift_local.ensure(Path(folder, "server"), "sparkify")
        try:
            survivors = run(found, copy, chosen.unproven)
        finally:
            redshift_local.stop(Path(folder, "server"))
    print(f"{len(found) - survivors} of {len(found)} killed")  # noqa: T201
    return survivors > 0


def run(found: list[Mutant], copy: Path, unproven: bool) -> int:
    """Try each of them and say what became of it; how many survived."""
    if not unproven and prove(copy, ALL_PROOFS) != pytest.ExitCode.OK:
        sys.exit("the proofs do not pass on the code as it is: no mutant would say anything")
    sys.dont_write_bytecode = True
    survivors = 0
    for number, mutant in enumerate(found, 1):
        started = time.monotonic()
        survived = survives(mutant, copy)
        survivors += survived
        seconds = time.monotonic() - started
        verdict = "SURVIVED" if survived else "killed"
        print(f"{number}/{len(found)} {verdict} in {seconds:.0f} s  {mutant}", flush=True)  # noqa: T201
    return survivors


if __name__ == "__main__":
    sys.exit(main())
