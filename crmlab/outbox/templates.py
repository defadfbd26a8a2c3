"""Messages as data: a template says what it is, which values it needs and where each comes from."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmlab.collect.consent import PURPOSES
from crmlab.errors import DataError
from crmlab.words import LANGUAGES

if TYPE_CHECKING:
    import jinja2

KINDS = ("marketing", "care", "service", "code")
"""Advertising; greetings and questions; what a customer must know about an order; verification codes."""
COMMERCIAL = ("marketing", "care")
"""Kinds that need consent to marketing, wait for the morning and count towards the cap."""
CHANNELS = ("email", "sms", "wangwang", "onsite", "social")
SOURCES = ("request", "customer", "sender")
"""Where a value may come from: the request, the customer's own row, the shop."""
CUSTOMER_VALUES = ("name",)
SENDER_VALUES = ("shop", "contact")
KEYS = {"kind", "offer", "channels", "purposes", "priority", "variables", "once_per", *LANGUAGES}
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
OFFER = re.compile(
    r"优惠|折扣|[\d一二三四五六七八九]\s*折(?!叠)|满减|促销|特价|红包|秒杀"
    r"|coupon|discount|% off|special offer|promo|on sale",
    re.I,
)
"""Words of an offer, which no message of service may hold."""
SPREAD = re.compile(r"(?<=[\u4e00-\u9fff])[\s.·*_|-]+(?=[\u4e00-\u9fff])")
"""What somebody puts between Chinese characters so that a filter does not see the word."""


@dataclass(frozen=True)
class Template:
    """A message with declared variables.

    name : what requests call it
    kind : marketing, care, service or code
    offer : whether it advertises something; messages of service and codes may not
    channels : where it can go: email, sms, wangwang, onsite, social
    purposes : what customers must have agreed to; marketing and care need "marketing", and a message that is chosen
        by what is known of a customer needs "profiling" too
    priority : 1 goes first when the cap does not allow all
    variables : where each value comes from: request, customer (name) or sender (shop, contact)
    once_per : variables of the request that tell two messages to one customer apart, such as an order number
    """

    name: str
    kind: str
    offer: bool
    channels: tuple[str, ...]
    purposes: tuple[str, ...]
    priority: int
    variables: Mapping[str, str]
    once_per: tuple[str, ...]
    _texts: Mapping[tuple[str, str], "jinja2.Template"] = field(repr=False, compare=False)

    @property
    def commercial(self) -> bool:
        """Whether it needs consent to marketing, waits for the morning and counts towards the cap."""
        return self.kind in COMMERCIAL

    def render(self, part: str, lang: str, values: Mapping[str, str]) -> str:
        """One part (subject, text or mail) in a language. Values stand as they are: nothing in them is carried out."""
        return self._texts[lang, part].render(values).strip()


def open_templates(folder: str | Path | None = None) -> dict[str, Template]:
    """The templates of the house, and those in a folder of one's own (.toml, utf-8; they go before the house's).

    Raises DataError for a template that is not as it must be: it names the file and what is wrong. A variable that a
    text uses and the template does not declare is such a fault, and so is an offer in a message of service.

    >>> templates = open_templates()
    >>> templates["coupon"].kind, templates["coupon"].variables["code"]
    ('marketing', 'request')
    """
    own = files("crmlab.outbox").joinpath("messages")
    found = [(path.name, path.read_text("utf-8")) for path in own.iterdir() if path.name.endswith(".toml")]
    if folder is not None:
        if not Path(folder).is_dir():
            raise DataError("no_file", path=folder)
        found += [(path.name, path.read_text(encoding="utf-8")) for path in sorted(Path(folder).glob("*.toml"))]
    return {name.removesuffix(".toml"): read_template(name, text) for name, text in sorted(dict(found).items())}


def read_template(file: str, text: str) -> Template:
    """A template from its TOML text. Raises DataError like `open_templates`."""
    try:
        told = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataError("outbox_template", file=file, problem=str(error)) from None
    problem = _problem(file.removesuffix(".toml"), told)
    if problem:
        raise DataError("outbox_template", file=file, problem=problem)
    texts = {(lang, part): _compiled(file, lang, words) for lang in LANGUAGES for part, words in told[lang].items()}
    _demand_declared(file, told)
    made = Template(
        name=file.removesuffix(".toml"),
        **{key: told[key] for key in ("kind", "offer", "priority", "variables")},
        **{key: tuple(told.get(key, ())) for key in ("channels", "purposes", "once_per")},
        _texts=texts,
    )
    _demand_rendering(file, made)
    return made


def _problem(name: str, told: dict[str, Any]) -> str:
    """What is wrong with the settings of a template, as a piece of TOML; empty for nothing."""
    lacking = KEYS - {"purposes", "once_per"} - set(told)
    if lacking or set(told) - KEYS:
        return ", ".join(sorted(lacking or set(told) - KEYS))
    variables, texts = told["variables"], {lang: told[lang] for lang in LANGUAGES}
    wrong = [
        (not NAME.fullmatch(name), f"file = {name!r}"),
        (told["kind"] not in KINDS, f"kind = {told['kind']!r}"),
        (type(told["offer"]) is not bool, f"offer = {told['offer']!r}"),
        (type(told["priority"]) is not int, f"priority = {told['priority']!r}"),
        (not told["channels"] or bool(set(told["channels"]) - set(CHANNELS)), f"channels = {told['channels']!r}"),
        (bool(set(told.get("purposes", ())) - set(PURPOSES)), f"purposes = {told.get('purposes')!r}"),
        (told["kind"] in COMMERCIAL and "marketing" not in told.get("purposes", ()), "purposes: marketing"),
        (told["kind"] == "marketing" and not told["offer"], "kind = 'marketing', offer = false"),
        (told["kind"] not in COMMERCIAL and told["offer"], f"kind = {told['kind']!r}, offer = true"),
        ("social" in told["channels"] and (len(told["channels"]) > 1 or told["kind"] != "marketing"), "social"),
        (any(not NAME.fullmatch(one) or variables[one] not in SOURCES for one in variables), "variables"),
        (any(source == "customer" and one not in CUSTOMER_VALUES for one, source in variables.items()), "customer"),
        ("social" in told["channels"] and "customer" in variables.values(), "social: customer"),
        (any(source == "sender" and one not in SENDER_VALUES for one, source in variables.items()), "sender"),
        (any(variables.get(one) != "request" for one in told.get("once_per", ())), "once_per"),
        *((_lacks_text(told["channels"], texts[lang]), f"[{lang}] {sorted(texts[lang])}") for lang in LANGUAGES),
        *((_hides_offer(told["kind"], texts[lang]), f"[{lang}] kind = {told['kind']!r}") for lang in LANGUAGES),
    ]
    return next((what for is_wrong, what in wrong if is_wrong), "")


def _lacks_text(channels: list[str], texts: dict[str, str]) -> bool:
    needed = {"subject", "mail"} if "email" in channels else set()
    needed |= {"text"} if set(channels) - {"email"} else set()
    return set(texts) != needed or not all(isinstance(words, str) and words.strip() for words in texts.values())


def _hides_offer(kind: str, texts: dict[str, str]) -> bool:
    return kind not in COMMERCIAL and any(map(holds_offer, texts.values()))


def holds_offer(text: str) -> bool:
    """Whether a text has the words of an offer, also full-width or spread out.

    >>> holds_offer("全场 8 折"), holds_offer("优 惠 ｃｏｕｐｏｎ"), holds_offer("3 折叠伞")
    (True, True, False)
    """
    return OFFER.search(SPREAD.sub("", unicodedata.normalize("NFKC", text))) is not None


def _compiled(file: str, lang: str, words: str) -> "jinja2.Template":
    import jinja2

    try:
        return _room().from_string(words)
    except jinja2.TemplateError as error:
        raise DataError(
            "outbox_template", file=file, problem=f"[{lang}] text: {str(error.message).rstrip('.')}"
        ) from None


def _demand_declared(file: str, told: dict[str, Any]) -> None:
    """Raises DataError where the variables of the texts and those declared are not the same."""
    from jinja2 import meta

    used = {
        name
        for lang in LANGUAGES
        for words in told[lang].values()
        for name in meta.find_undeclared_variables(_room().parse(words))
    }
    differ = used ^ set(told["variables"])
    if differ:
        raise DataError("outbox_template_variables", file=file, names=", ".join(sorted(differ)))


def _demand_rendering(file: str, template: Template) -> None:
    """Raises DataError for a text that fails, or that comes out blank, with any value."""
    sample = dict.fromkeys(template.variables, "0")
    for lang, part in template._texts:
        try:
            blank = not template.render(part, lang, sample)
        except Exception as error:  # whatever the template of a stranger does
            raise DataError("outbox_template", file=file, problem=f"[{lang}] {type(error).__name__}") from None
        if blank:
            raise DataError("outbox_template", file=file, problem=f"[{lang}] {part} = ''")


@cache
def _room() -> Any:
    """Where templates are carried out: no way to the machine, and an undeclared name is an error."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    room = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False, keep_trailing_newline=False)
    room.globals.clear()
    return room
