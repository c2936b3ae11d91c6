"""The pages' templates, and what all of them share. Everything that comes from data is escaped.

Belongs here: how a template is filled in. Does not: what it is filled with (`page`, `site`).
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparkify_assets.report.formats import percent, shown, size, visible, words

if TYPE_CHECKING:
    import jinja2

FOLDER = Path(__file__).parent


def filled(template: str, **content: Any) -> str:
    """A template filled in. `live` in the content says whether the page is served, and may ask for more."""
    return _templates().get_template(template).render(content)


@cache
def _templates() -> jinja2.Environment:
    import jinja2  # here, so that a load does not wait for its import

    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(FOLDER),
        autoescape=True,  # titles, names and rejected records may hold any text
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "shown": shown,
        "words": words,
        "percent_of": percent,
        "visible": visible,
        "size": size,
    }
    return templates
