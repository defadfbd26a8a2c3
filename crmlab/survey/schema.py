"""The schema of a questionnaire file: which entries there are, and what each must hold."""

from itertools import pairwise
from typing import Any

from crmlab.errors import DataError
from crmlab.survey.question import ENDS_INCLUDED, KINDS, MISSING, Band, Question
from crmlab.words import LANGUAGES, has_word, word

TEXTS = ("address", "purpose", "consent", "opt_out", "thanks")
"""Texts of the preamble."""
TOP = {"table", "purpose", "text_version", "title", "preamble", "missing", "questions"}
NEEDED = {"choice": {"bands", "ends_included"}, "count": {"low"}, "scale": {"low", "high", "ends"}, "text": set()}
POSSIBLE = {
    "choice": {"indicator", "unit", "codes", "offers"},
    "count": {"indicator", "unit", "high", "offers"},
    "scale": {"indicator", "reverse", "offers"},
    "text": set(),
}


def read_schema(told: dict[str, Any], file: str) -> dict[str, Any]:
    """The fields of a Questionnaire from what its file tells.

    Raises DataError for an entry that is missing or unknown (such as `required`: nobody has to answer), a kind that
    there is not, a key used twice, bands with a gap or an overlap, a scale that does not rise, and missing codes that
    are not negative.
    """
    _entries(told, TOP, {"ends"}, file, file)
    _entries(told["title"], set(LANGUAGES), set(), file, "title")
    _entries(told["preamble"], set(TEXTS), set(), file, "preamble")
    for name, text in told["preamble"].items():
        _entries(text, set(LANGUAGES), set(), file, f"preamble.{name}")
    _entries(told["missing"], {"skipped"}, set(MISSING), file, "missing")
    codes = list(told["missing"].values())
    if not all(isinstance(code, int) and code < 0 for code in codes) or len(set(codes)) < len(codes):
        raise DataError("questionnaire_missing_codes", file=file, codes=", ".join(map(str, codes)))
    questions = tuple(_question(one, told, file) for one in told["questions"])
    keys = [question.key for question in questions]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DataError("questionnaire_twice", file=file, keys=", ".join(twice))
    return {name: told[name] for name in TOP} | {"questions": questions}


def _entries(there: dict[str, Any], needed: set[str], possible: set[str], file: str, where: str) -> None:
    missing, unknown = needed - there.keys(), there.keys() - needed - possible
    if missing:
        raise DataError("questionnaire_missing", file=file, where=where, entries=", ".join(sorted(missing)))
    if unknown:
        raise DataError("questionnaire_unknown", file=file, where=where, entries=", ".join(sorted(unknown)))


def _question(one: dict[str, Any], told: dict[str, Any], file: str) -> Question:
    where = str(one.get("key", "questions"))
    kind = one.get("kind")
    if kind not in KINDS:
        raise DataError("questionnaire_kind", file=file, where=where, kind=kind, there=", ".join(KINDS))
    _entries(one, {"key", "kind", "wording"} | NEEDED[kind], POSSIBLE[kind], file, where)
    _entries(one["wording"], set(LANGUAGES), set(), file, f"{where}.wording")
    _entries(dict.fromkeys(one.get("offers", ())), set(), set(told["missing"]), file, f"{where}.offers")
    fields = {name: value for name, value in one.items() if name != "codes"}
    if kind == "choice":
        fields["bands"] = _bands(one, file)
    if kind == "scale":
        ends = one["ends"] if isinstance(one["ends"], dict) else told.get("ends", {}).get(one["ends"], {})
        _entries(ends, set(LANGUAGES), set(), file, f"{where}.ends")
        fields["ends"] = {lang: tuple(labels) for lang, labels in ends.items()}
        if one["low"] >= one["high"]:
            raise DataError("questionnaire_range", file=file, where=where, low=one["low"], high=one["high"])
    return Question(**fields | {"offers": tuple(one.get("offers", ()))})


def _bands(one: dict[str, Any], file: str) -> tuple[Band, ...]:
    """The bands of a choice, with words of their own or those of the list that `codes` names."""
    where, included = one["key"], one["ends_included"]
    if included not in ENDS_INCLUDED:
        raise DataError("questionnaire_kind", file=file, where=where, kind=included, there=", ".join(ENDS_INCLUDED))
    bands = []
    for band in one["bands"]:
        listed = f"world.{one.get('codes')}.{band.get('code')}"
        labels = set() if has_word(listed) else set(LANGUAGES)
        _entries(band, {"code", "low"} | labels, {"high", *LANGUAGES}, file, f"{where}.bands")
        label = {lang: band.get(lang) or word(listed, lang) for lang in LANGUAGES}
        bands.append(Band(band["code"], band["low"], band.get("high"), label))
    step = 1 if included == "both" else 0
    for below, above in pairwise(bands):
        if below.high is None or below.low >= below.high or below.high + step != above.low:
            raise DataError("questionnaire_bands", file=file, where=where, below=below.code, above=above.code)
    return tuple(bands)
