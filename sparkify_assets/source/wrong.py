"""Whether a source is one at all, found out by a listing that stays short however much a folder or a bucket holds.

Belongs here: which keys are looked at. Does not: what is wrong with them, in words (`layout`).
"""

from __future__ import annotations

from itertools import islice

from sparkify_assets.errors import SparkifyError
from sparkify_assets.model.datasets import EVENTS_FOLDER, SONGS_FOLDER, is_hidden, partition_of
from sparkify_assets.source.changes import difference
from sparkify_assets.source.layout import MAX_KEYS, layout_problems, unrecognised_source
from sparkify_assets.source.store import ObjectStore, SourceObject

#: How many objects of a place where data is expected are looked at before the source is listed as a whole.
MAX_PROBED = 2000

#: How many objects of each folder at the top of a wrong source are looked at to find the right one.
MAX_IN_FOLDER = 200

#: Where the sample data of a checkout is: hidden, and so looked for by name.
_SAMPLE = ".sparkify/sample/"


class WrongSource(SparkifyError):
    """The source holds no object that a load reads; the text says what it holds instead and, if it can be seen, which
    address is meant.
    """


def require_data(source: ObjectStore, *, loaded_before: bool = False) -> None:
    """Raise WrongSource if the source holds nothing in the places of data. To find that out, and to say what is there
    instead, a page or two of each folder at its top are listed. If something was `loaded_before`, it may be deleted by
    now: then only data that is seen elsewhere makes a source a wrong one. Raises SourceError.
    """
    for folder in (EVENTS_FOLDER, SONGS_FOLDER):
        listing = source.list(folder)
        if any(partition_of(item.key) for item in islice(listing, MAX_PROBED)) or next(listing, None):
            return
    if any(
        partition_of(item.key.removeprefix(_SAMPLE)) for item in islice(source.list(_SAMPLE), MAX_IN_FOLDER)
    ):
        raise WrongSource(
            f"{source.url} holds no object that can be loaded: it is a checkout of this project, whose sample data"
            f" is in {_SAMPLE}: unset SPARKIFY_SOURCE, or set SPARKIFY_SOURCE={source.url}/{_SAMPLE.rstrip('/')}"
        )
    seen, whole = _looked_at(source)
    found = difference(seen, {})
    problem = unrecognised_source(found, source.url, whole=whole)
    if problem and (not loaded_before or layout_problems(found, source.url)):
        raise WrongSource(problem)


def _looked_at(source: ObjectStore) -> tuple[list[SourceObject], bool]:
    """The first objects of each folder at the top of a source, and whether these are all objects. Of a hidden folder
    there is one, because nothing in it is data.
    """
    seen: list[SourceObject] = []
    after, whole = "", True
    while len(seen) < MAX_KEYS:
        folder, of_folder = "", 0
        for item in source.list(after=after):
            top, slash, _ = item.key.partition("/")
            of_folder = of_folder + 1 if top == folder else 1
            folder = top
            if slash and of_folder > (1 if is_hidden(top) else MAX_IN_FOLDER):
                # The character that follows "/": no key of the folder comes after this, in S3's order or in ours.
                after, whole = f"{top}0", False
                break
            seen.append(item)
            if len(seen) == MAX_KEYS:
                return seen, False
        else:
            break
    return seen, whole
