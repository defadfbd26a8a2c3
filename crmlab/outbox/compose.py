"""A rendered text becomes a message: with the sender's name, a contact, and the way to refuse."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from crmlab.outbox.checks import Batch
from crmlab.outbox.mail import html_page
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Mail:
    """Subject, text and HTML of an e-mail."""

    subject: str
    text: str
    html: str


def short_text(batch: Batch, row: int, channel: str, lang: str, commercial: bool) -> str:
    """The words of a text message, a group message, a message on the site or a social post.

    A text message begins with the signature of the shop and stands on one line. Marketing and care end with a contact
    and the way to refuse; a post is for everybody and has what its template says.
    """
    words, sender = batch.texts[row]["text"], batch.sender
    if channel == "sms":
        signed = batch.rules.sms_signature.replace("{shop}", sender.name) + " ".join(words.split())
        ending = word("outbox.sms_contact", lang, contact=sender.contact) + batch.rules.sms_opt_out[lang]
        return signed + (ending if commercial else "")
    if channel == "social" or not commercial:
        return words
    return f"{words}\n{word('outbox.message_opt_out', lang, shop=sender.name, contact=sender.contact)}"


def mail(batch: Batch, row: int, lang: str, commercial: bool, offer: bool) -> Mail:
    """An e-mail: advertising is marked in the subject, and says why it came and how to refuse."""
    parts, sender = batch.texts[row], batch.sender
    footer = [word("outbox.mail_from", lang, shop=sender.name, contact=sender.contact)]
    if commercial:
        footer += [word("outbox.mail_opt_out", lang)]
    paragraphs = [" ".join(lines.split("\n")) for lines in parts["mail"].split("\n\n") if lines.strip()]
    html = html_page(lang=lang, shop=sender.name, paragraphs=paragraphs, footer=footer)
    text = "\n".join([parts["mail"], "", "--", *footer, ""])
    subject = " ".join(parts["subject"].split())
    return Mail((batch.rules.mail_mark[lang] if offer else "") + subject, text, html)


def short_texts(batch: Batch, rows: "pd.DataFrame") -> list[str]:
    """`short_text` of each row."""
    columns = rows[["channel", "language", "commercial"]].itertuples(name=None)
    return [short_text(batch, *row) for row in columns]
