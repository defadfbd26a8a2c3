"""HTML pages that hold what students sent: one file each, nothing is fetched, nothing runs."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from crmlab.words import word

if TYPE_CHECKING:
    import jinja2

    from crmlab.show.picture import Picture

POLICY = "default-src 'none'; img-src data:; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'"
"""Content Security Policy Level 3: pictures inside the page, this one style sheet, and nothing else."""


def page(template: str, lang: str, **values: Any) -> str:
    """A page from one of the templates of this room; texts in `values` are escaped unless they are `Markup`.

    The page carries a policy by which a browser runs no script, loads nothing, and takes no style but ours.
    """
    css = _text("page.css")
    digest = base64.b64encode(hashlib.sha256(css.encode()).digest()).decode("ascii")
    return (
        _templates()
        .get_template(template)
        .render(
            lang={"zh": "zh-CN", "en": "en"}[lang],
            css=css,
            policy=POLICY.format(digest),
            word=lambda key, **parts: word(f"page.{key}", lang, **parts),
            points=points,
            **values,
        )
    )


def points(number: float | None) -> str:
    """Points as people write them; "–" where a person has to mark them.

    >>> points(2.0), points(1.25), points(None)
    ('2', '1.25', '–')
    """
    return "–" if number is None else f"{number:.2f}".rstrip("0").rstrip(".")


def inside(picture: "Picture") -> dict[str, str]:
    """A picture as `<img>` takes it: address (data:) and alternative text."""
    return {"src": f"data:image/png;base64,{base64.b64encode(picture.png()).decode('ascii')}", "alt": picture.alt}


@cache
def _templates() -> "jinja2.Environment":
    import jinja2

    return jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.FunctionLoader(_text),
        undefined=jinja2.StrictUndefined,
    )


@cache
def _text(name: str) -> str:
    return files("crmlab.grade").joinpath(name).read_text(encoding="utf-8")
