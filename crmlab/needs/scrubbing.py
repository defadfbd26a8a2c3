"""Personal data out of texts before anything else is done with them: each piece gives way to a mark of its kind."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from crmlab.collect.consent import demand_purpose
from crmlab.collect.personal import COLOURS, INVISIBLE, Found, PersonalData, by_shape
from crmlab.columns import demand_columns
from crmlab.errors import DataError
from crmlab.needs.patterns import lowered
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

SCRUBBED = "scrubbed"
"""Where a frame remembers the language whose texts were scrubbed, in `frame.attrs`."""
NOBODY = PersonalData({})
COUNTED = ["kind", "by", "pieces", "texts"]
SURNAMES = (
    "an bai bao bei bi bian cai cao cen chang chen cheng chu cui dai deng di diao ding dong dou du fan fang feng "
    "fu gan gao ge gong gu guan guo han hao he hong hou hu hua huang huo ji jia jiang jin jing kang ke kong lan "
    "lang le lei li lian liang liao lin ling liu lou lu luo lv lyu mao mei meng mi min ming mo mu ni pan pang "
    "peng pi pu qi qian qin qiu qu ren rong ruan shao shen shi shu song su sun tai tan tang tao teng tian tong "
    "wan wang wei wen wu xia xiang xiao xie xiong xu xuan xue yan yang yao yi yin you yu yuan yun zang zhan "
    "zhang zhao zheng zhong zhou zhu zou zuo ouyang shangguan sima situ zhuge "
)
SYLLABLE = (
    r"(?:[bpmfdtnlgkhjqxrzcsyw]|[zcs]h)?"
    r"(?:iang|iong|uang|ang|eng|ing|ong|iao|ian|uai|uan|ai|ei|ao|ou|an|en|in|un|er|ia|ie|iu|ua|ue|ui|uo|a|e|i|o|u|v)"
)
PINYIN_NAME = re.compile(
    rf"(?<![A-Za-z])(?:{'|'.join(sorted({one.capitalize() for one in SURNAMES.split()}))}) "
    rf"(?=[A-Z])(?i:{SYLLABLE}(?:[' -]?{SYLLABLE})?)(?![A-Za-z])"
)
CALLED = r"(?:先生|女士|小姐|太太|老师|师傅|经理|总)"
NAMES = (
    PINYIN_NAME,
    re.compile(rf"(?:(?:我|本人|免贵)姓|我是)(?P<name>[\u4e00-\u9fff])(?={CALLED}|[，。！？,.!? ]|$)"),
    re.compile(r"(?<=[找给叫请是的，。！：: ])(?P<name>[\u4e00-\u9fff])(?=先生|女士|小姐)"),
    re.compile(rf"(?:免贵姓|我姓|本人姓)(?P<name>[\u4e00-\u9fff]{{1,2}}{CALLED}?)"),
    re.compile(
        r"(?:我叫|名叫|我的名字是|名字叫|姓名[是为:：]?|(?:收件人|收货人|联系人)(?:写|是|为|叫|[:：])?|请?转告|抬头写)\s*"
        r"(?P<name>[\u4e00-\u9fff·]{2,4})(?=[，。！？；、：,.!?; ]|先生|女士|小姐|$)"
    ),
    re.compile(
        r"(?:[Mm]y name is|[Nn]ame:|\b[Ii] am called|[Aa]ddressee:?|[Rr]ecipient:?|\b(?:Mr|Mrs|Ms|Miss|Dr)\b\.?|"
        r"[Cc]are of|\bc/o)\s+(?P<name>(?:(?:Mr|Mrs|Ms|Miss|Dr)\.? )?[A-Z][\w'-]+(?: [A-Z][\w'-]+){0,2})"
    ),
)
CONTACTS = (
    ("phone", re.compile(r"(?<!\d)0\d{2,3}[- ]?\d{7,8}(?!\d)|(?<!\d)400[- ]?\d{3}[- ]?\d{4}(?!\d)")),
    ("phone", re.compile(r"[零〇幺一二两三四五六七八九]{7,}")),
    ("phone", re.compile(r"(?<![\d.])1(?:[ \-.·_*]{0,2}\d){10}(?![\d])")),
    (
        "wechat",
        re.compile(
            r"(?:微信号?|wechat(?: id)?|vx|qq|加v)(?:\s*(?:是|为|is|[:：]))?\s*"
            r"(?P<name>[a-z][\w-]{5,19}|[1-9]\d{4,11})",
            re.ASCII | re.IGNORECASE,
        ),
    ),
    ("number", re.compile(r"(?<![\d.])\d{15,19}(?![\d.])")),
    (
        "address",
        re.compile(
            r"[\u4e00-\u9fff]{2,8}(?:路|街|道|巷|弄|胡同)\s*\d+\s*[号弄]"
            r"(?:[\u4e00-\u9fff\d\- ]{0,16}(?:栋|幢|座|楼|单元|室|号|户))*"
        ),
    ),
    ("address", re.compile(r"\d+\s*(?:栋|幢|号楼|座)[\d\u4e00-\u9fff\- ]{0,10}(?:单元|室|户)")),
    ("address", re.compile(r"\b(?i:room|flat|apartment) \d+\b[^.;!?]{0,40}\b(?i:road|street|lane|avenue)\b")),
    ("address", re.compile(r"\b\d{1,4} (?:[A-Z]\w+ ){1,3}(?:Road|Street|Lane|Avenue)\b")),
)


class Mapped(NamedTuple):
    """A text as `plain` writes it, and from which sign of the text each of its signs came; the last is its length."""

    text: str
    places: tuple[int, ...]


@lru_cache(maxsize=20_000)
def _plain_sign(sign: str) -> str:
    return unicodedata.normalize("NFKC", sign).translate(INVISIBLE)


def _mapped(text: str) -> Mapped:
    signs = [(_plain_sign(sign), place) for place, sign in enumerate(text)]
    places = [place for said, place in signs for _ in said]
    return Mapped("".join(said for said, _ in signs), (*places, len(text)))


@dataclass(frozen=True, repr=False)
class Scrubbed:
    """Texts without personal data, and what was taken out.

    `texts` has the columns of the texts but those of other languages; `taken_out` has kind, by ("known" or "shape"),
    pieces and texts (how many of each). Neither holds a value, and no mark tells how long a value was.
    """

    texts: "pd.DataFrame"
    taken_out: "pd.DataFrame"

    def describe(self, lang: str = "zh") -> str:
        """How many texts there are, and how many pieces of personal data were taken out of how many of them."""
        mark = word("consent.mark", lang)
        kinds = self.taken_out.groupby("kind", sort=True)["pieces"].sum()
        told = mark.join(f"{word(f'scrub.kind.{kind}', lang)} {pieces}" for kind, pieces in kinds.items())
        key = "scrub.taken_out" if len(kinds) else "scrub.nothing"
        return word(key, lang, texts=len(self.texts), pieces=int(kinds.sum()), told=told)

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in ("zh", "en"))


def scrub(texts: "pd.DataFrame", people: "PersonalData | pd.DataFrame | None" = None, lang: str = "zh") -> Scrubbed:
    """The texts of one language with marks such as 〔电话〕 or [phone] in place of personal data.

    Parameters
    ----------
    texts : has text_zh or text_en, by `lang`; the columns of other languages are left out of what is returned
    people : the customers as `shop.read_personal("customers")` gives them, maybe with a column pinyin, or
        `PersonalData`. Their names, phones, e-mails and WeChat ids are looked for as values
    lang : "zh" or "en"

    Notes
    -----
    By shape are found: mobile and landline numbers (also with gaps or in Chinese numerals), e-mails, IP addresses,
    identity numbers, long card numbers, WeChat and QQ ids, street addresses, and names where the words before them say
    so ("我姓…", "收件人…", "My name is …") or where they are written in pinyin ("Luo Shisong"). A name that nothing
    announces and that is not among `people` stays: nobody can tell it from other words.

    Examples
    --------
    >>> import pandas as pd
    >>> said = pd.DataFrame({"text_id": ["t1"], "text_zh": ["我姓罗，打 120-1229-6649 找我。"]})
    >>> found = scrub(said)
    >>> found.texts["text_zh"].item()
    '我姓〔姓名〕，打 〔电话〕 找我。'
    >>> found.taken_out.to_dict("records")[0]
    {'kind': 'name', 'by': 'shape', 'pieces': 1, 'texts': 1}
    """
    import pandas as pd

    column = f"text_{lang}"
    demand_columns({"text": column}, texts.columns)
    known = NOBODY if people is None else people if isinstance(people, PersonalData) else _of_customers(people)
    others = [name for name in texts.columns if name.startswith("text_") and name not in (column, "text_id")]
    marks: dict[str, str] = {}
    clean, out = [], []
    for number, text in enumerate(texts[column].fillna("").astype("str")):
        said, found = _scrubbed(text, known, lang, marks)
        clean.append(said)
        out += [(one.kind, one.by, number) for one in found]
    taken_out = pd.DataFrame(out, columns=["kind", "by", "number"]).groupby(["kind", "by"], as_index=False)
    taken_out = taken_out.agg(pieces=("number", "size"), texts=("number", "nunique"))
    frame = texts.drop(columns=others).assign(**{column: pd.Series(clean, index=texts.index, dtype="str")})
    frame.attrs.update(texts.attrs, **{SCRUBBED: lang})
    return Scrubbed(frame, taken_out[COUNTED])


def scrubbed(texts: "pd.DataFrame", lang: str) -> "pd.DataFrame":
    """The texts themselves where they remember that they were scrubbed, and otherwise scrubbed by shape."""
    return texts if texts.attrs.get(SCRUBBED) == lang else scrub(texts, lang=lang).texts


def readable(texts: "pd.DataFrame", lang: str) -> "pd.DataFrame":
    """The texts ready to be read: with their columns, each id once, for analysis, scrubbed.

    Raises DataError for a missing column or ids that occur twice, ConsentError for texts kept for other purposes.
    """
    demand_columns({"text": "text_id", "customer": "customer_id", "words": f"text_{lang}"}, texts.columns)
    if twice := int(texts["text_id"].duplicated().sum()):
        raise DataError("needs_text_twice", count=twice)
    return scrubbed(demand_purpose(texts, "analysis"), lang)


def _of_customers(people: "pd.DataFrame") -> PersonalData:
    known = dict(PersonalData.of_customers(people).values)
    if "pinyin" in people:
        known["name"] = [*known.get("name", ()), *people["pinyin"].dropna().astype("str")]
    return PersonalData(known)


def _scrubbed(text: str, known: PersonalData, lang: str, marks: dict[str, str]) -> tuple[str, list[Found]]:
    text = COLOURS.sub("", text)
    mapped = _mapped(text)
    found = _apart([*known.find(lowered(mapped.text)), *_by_shape(mapped.text)])
    parts, reached = [], 0
    for one in found:
        start, end = mapped.places[one.start], mapped.places[one.end - 1] + 1
        if one.kind not in marks:
            marks[one.kind] = word("scrub.mark", lang, kind=word(f"scrub.kind.{one.kind}", lang))
        parts += [text[reached:start], marks[one.kind]]
        reached = end
    return "".join([*parts, text[reached:]]), found


def _by_shape(text: str) -> Iterator[Found]:
    yield from by_shape(lowered(text))
    for kind, shape in (*CONTACTS, *(("name", name) for name in NAMES)):
        for match in shape.finditer(text):
            yield Found(kind, "shape", *match.span("name" if "name" in shape.groupindex else 0))


def _apart(found: list[Found]) -> list[Found]:
    """What was found, in its order, without what another finding covers: known values and longer ones go first."""
    chosen: list[Found] = []
    for one in sorted(found, key=lambda one: (one.by, one.start - one.end, one.start)):
        if all(one.end <= other.start or other.end <= one.start for other in chosen):
            chosen.append(one)
    return sorted(chosen, key=lambda one: one.start)
