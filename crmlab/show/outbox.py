"""A message as its customer will see it, with names and contacts masked."""

from dataclasses import dataclass
from datetime import datetime
from html import escape

from crmlab.words import word

INK, QUIET, BLUE, PAPER, BUBBLE = "#2B2F36", "#5A6069", "#0072B2", "#F4F5F7", "#E4F1FA"
LATIN, CHINESE = "Helvetica,Arial", "'Noto Sans SC','PingFang SC','Microsoft YaHei'"
FONTS = {"zh": f"{CHINESE},{LATIN},sans-serif", "en": f"{LATIN},{CHINESE},sans-serif"}
CARD = f"background:{PAPER};color:{INK};border-radius:10px;padding:12px 16px;margin:8px 0"


@dataclass(frozen=True)
class Shown:
    """One message for a page: its channel, when it was written, who sends it, its words (personal values masked), and
    for a text message its characters and parts."""

    channel: str
    at: datetime
    shop: str
    subject: str
    text: str
    characters: int = 0
    parts: int = 0


@dataclass(frozen=True)
class Preview:
    """Messages that a notebook shows as mails and bubbles and a terminal as text; it needs no running kernel."""

    messages: tuple[Shown, ...]
    lang: str

    def __repr__(self) -> str:
        if not self.messages:
            return word("outbox.preview_none", self.lang)
        return "\n\n".join(f"{_head(one, self.lang)}\n{one.text}{_length(one, self.lang)}" for one in self.messages)

    def _repr_html_(self) -> str:
        if not self.messages:
            return f"<p>{escape(word('outbox.preview_none', self.lang))}</p>"
        cards = "".join(_mail(one, self.lang) if one.subject else _bubble(one, self.lang) for one in self.messages)
        note = escape(word("outbox.preview_masked", self.lang))
        style = f"max-width:34em;font:15px/1.6 {FONTS[self.lang]}"
        return f'<div style="{style}">{cards}<p style="opacity:.8;font-size:13px">{note}</p></div>'


def _head(one: Shown, lang: str) -> str:
    key = f"world.suppressed_channel.{one.channel}"
    words = [word(key, lang), one.shop, f"{one.at:%Y-%m-%d %H:%M}"]
    return word("outbox.preview_mark", lang).join([*words, one.subject] if one.subject else words)


def _length(one: Shown, lang: str) -> str:
    if not one.parts:
        return ""
    return "\n" + word("outbox.preview_length", lang, characters=one.characters, parts=one.parts)


def _mail(one: Shown, lang: str) -> str:
    head = _head(Shown(one.channel, one.at, one.shop, "", ""), lang)
    body = "".join(f"<p style='margin:.6em 0'>{_lines(part)}</p>" for part in one.text.split("\n\n"))
    return (
        f'<div role="article" aria-label="{escape(_head(one, lang))}" style="{CARD};border-left:4px solid {BLUE}">'
        f'<div style="color:{QUIET};font-size:13px">{escape(head)}</div>'
        f'<div style="font-weight:bold;font-size:17px">{escape(one.subject)}</div>{body}</div>'
    )


def _bubble(one: Shown, lang: str) -> str:
    shape = f"background:{BUBBLE};border-radius:14px 14px 14px 2px;padding:8px 12px;display:inline-block"
    return (
        f'<div role="article" aria-label="{escape(_head(one, lang))}" style="{CARD};max-width:24em">'
        f'<div style="color:{QUIET};font-size:13px">{escape(_head(one, lang))}</div>'
        f'<div style="{shape}">{_lines(one.text)}</div>'
        f'<div style="color:{QUIET};font-size:13px">{escape(_length(one, lang).strip())}</div></div>'
    )


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.strip().split("\n"))
