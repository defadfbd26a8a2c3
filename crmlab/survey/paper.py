"""A questionnaire on paper, as text for 问卷星, as a page, and as a data dictionary."""

from html import escape
from typing import TYPE_CHECKING

from crmlab.words import has_word, word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.survey.question import Question
    from crmlab.survey.questionnaire import Questionnaire

BEFORE = ("address", "purpose", "consent", "opt_out")
"""Texts of the preamble that stand before the questions; the thanks stand after them."""
LINE = "____________________"
BOX, CIRCLE = "□", "○"


def text(asked: "Questionnaire", lang: str) -> str:
    """The questionnaire as plain text: preamble, questions with boxes to tick or lines to fill, thanks."""
    parts = opening(asked, lang)
    for number, question in enumerate(asked.questions, start=1):
        lines = [f"{number}. {question.wording[lang]}", *hints(question, lang)]
        lines += [f"   {BOX} {label}" for label in ticks(question, lang).values()] or [f"   {LINE}"]
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, asked.preamble["thanks"][lang]]) + "\n"


def opening(asked: "Questionnaire", lang: str) -> list[str]:
    """What stands before the questions: title, address, purpose, use of the answers, and how to opt out."""
    return [asked.title[lang], *(asked.preamble[name][lang] for name in BEFORE)]


def hints(question: "Question", lang: str) -> list[str]:
    """Whether a band holds its ends, in words, where the labels leave it open."""
    return [word("survey.ends_low", lang)] if question.ends_included == "low" else []


def ticks(question: "Question", lang: str) -> dict[str, str]:
    """Everything that may be ticked, in words: the options, and the reasons for no answer that are offered."""
    return question.options(lang) | {reason: word(f"survey.offer.{reason}", lang) for reason in question.offers}


def wenjuanxing(asked: "Questionnaire", lang: str) -> str:
    """Text for the text import of 问卷星: a title, the preamble, and each question with the tag of its kind.

    A scale with a further option, such as “does not apply”, goes as a single choice, for a scale there has none.
    """
    title, *introduction = opening(asked, lang)
    parts = [title, "\n".join(introduction)]
    for number, question in enumerate(asked.questions, start=1):
        wording = " ".join([question.wording[lang], *hints(question, lang)])
        lines = [f"{number}. {wording}{word('survey.optional', lang)}[{_tag(question)}]"]
        if _tag(question) == "量表题":
            low, high = question.ends[lang]
            lines.append(f"{question.low}({low})~{question.high}({high})")
        else:
            lines += ticks(question, lang).values()
        parts.append("\n".join(lines))
    return "\n\n".join([*parts, f"{asked.preamble['thanks'][lang]}[段落说明]"]) + "\n"


def _tag(question: "Question") -> str:
    if question.kind == "scale" and not question.offers:
        return "量表题"
    return "单选题" if ticks(question, "zh") else "填空题"


def page(asked: "Questionnaire", lang: str) -> str:
    """The questionnaire as HTML to read where no form can be filled in: no scripts, nothing from outside."""
    title, *introduction = opening(asked, lang)
    parts = [f"<p><strong>{escape(title)}</strong></p>", *(f"<p>{escape(text)}</p>" for text in introduction)]
    items = []
    for question in asked.questions:
        wording = "".join(f"{escape(line)}<br>" for line in [question.wording[lang], *hints(question, lang)])
        labels = [f"{CIRCLE} {escape(label)}" for label in ticks(question, lang).values()] or [LINE]
        items.append(f"<li>{wording}{('　' if question.kind == 'scale' else '<br>').join(labels)}</li>")
    return "\n".join([*parts, f"<ol>{''.join(items)}</ol>", f"<p>{escape(asked.preamble['thanks'][lang])}</p>"])


def dictionary(asked: "Questionnaire", lang: str) -> "pd.DataFrame":
    """A row per column: item, wording, type, unit, codes, ends, reverse, missing and required, in words."""
    import pandas as pd

    yes, no = (word(f"world.yes_no.{code}", lang) for code in ("yes", "no"))
    missing = _pairs({str(code): word(f"survey.missing.{name}", lang) for name, code in asked.missing.items()}, lang)
    rows = [
        {
            "item": column,
            "wording": question.wording[lang],
            "type": word(f"survey.kind.{question.kind}", lang),
            "unit": word(unit, lang) if has_word(unit := f"world.unit.{question.unit}") else question.unit,
            "codes": _codes(question, lang),
            "ends": word(f"survey.ends.{question.ends_included}", lang) if question.ends_included else "",
            "reverse": yes if question.reverse else no,
            "missing": missing,
            "required": no,
        }
        for question in asked.questions
        for column in question.columns
    ]
    return pd.DataFrame(rows)


def _codes(question: "Question", lang: str) -> str:
    if question.kind == "scale":
        low, high = question.ends[lang]
        return _pairs({str(question.low): low, str(question.high): high}, lang)
    if question.kind == "count":
        return f"{question.low}–{question.high}" if question.high is not None else f"≥ {question.low}"
    return _pairs(question.options(lang), lang)


def _pairs(words: dict[str, str], lang: str) -> str:
    return word("list.semicolon", lang).join(f"{code} = {label}" for code, label in words.items())
