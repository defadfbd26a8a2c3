"""A coding sheet: people tag a sample of the texts without seeing what the machine said, and both are compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from crmlab.errors import DataError, ParameterError
from crmlab.needs.finding import asked_needs
from crmlab.needs.lexicon import open_lexicon
from crmlab.needs.scrubbing import scrubbed
from crmlab.survey.coding import Coding, krippendorff_alpha
from crmlab.words import LANGUAGES, word

if TYPE_CHECKING:
    import pandas as pd

SEED = 618
DONE = "done"
YES = frozenset({"1", "x", "y", "yes", "√", "✓", "是", "有"})
NO = frozenset({"", "0", "n", "no", "否", "无"})
MACHINE = "machine"
SHOWN = 8


@dataclass(frozen=True, repr=False)
class SheetAgreement:
    """People and machine on the same texts.

    `table` has a row per tag: need, n (texts that all coded), one column per coder and `machine` (how many texts each
    tagged so), both_share (the first coder and the machine say the same), kappa (Cohen 1960, the first coder and the
    machine; blank where one of them says the same of all). `alpha` is Krippendorff's over all coders and the machine,
    every text and tag a unit; None where nothing varies. `apart` lists where the first coder and the machine differ:
    text_id, need, coder, machine. `n` texts were compared, `undone` were not coded by everybody.
    """

    n: int
    undone: int
    table: "pd.DataFrame" = field(compare=False)
    alpha: Coding | None
    apart: "pd.DataFrame" = field(compare=False)

    def describe(self, lang: str = "zh") -> str:
        """How many texts were compared, and the alpha."""
        told = word("sheet.told", lang, n=self.n, undone=self.undone, apart=len(self.apart))
        return told if self.alpha is None else f"{told}\n{self.alpha.sentence(lang)}"

    def __repr__(self) -> str:
        return "\n".join(self.describe(lang) for lang in LANGUAGES)


def coding_sheet(
    texts: "pd.DataFrame",
    n: int,
    lang: str = "zh",
    *,
    seed: int = SEED,
    tags: Sequence[str] | None = None,
    path: Path | str | None = None,
) -> "pd.DataFrame":
    """A sample of scrubbed texts for a person to tag: text_id, text, one blank column per need, and `done`.

    The person writes 1 or x where a text asks for a need, and 1 or x in `done` when a text was read through, so that a
    blank means no. A need that is declined is none. The sheet holds no customer and nothing that the machine found.

    `n` texts are drawn with `seed`, the same for any order of rows. `tags` are the needs of the house's word list where
    none are given. With a `path` that ends in .csv or .xlsx the sheet is written there too, and text that a spreadsheet
    would take for a formula has an apostrophe before it. Raises ParameterError when n is below 1 or more than there
    are.

    >>> import pandas as pd
    >>> texts = pd.DataFrame({"text_id": ["t1"], "customer_id": "a", "text_en": ["I am Ms Luo, an invoice please."]})
    >>> coding_sheet(texts, 1, "en", tags=["invoice"]).to_dict("records")
    [{'text_id': 't1', 'text': 'I am Ms [name], an invoice please.', 'invoice': '', 'done': ''}]
    """
    from crmlab.handover.cells import guarded

    if not 1 <= n <= len(texts):
        raise ParameterError("sheet_size", n=n, rows=len(texts))
    chosen = scrubbed(texts, lang).sort_values("text_id").sample(n, random_state=seed).sort_values("text_id")
    chosen = chosen.rename(columns={f"text_{lang}": "text"})[["text_id", "text"]].reset_index(drop=True)
    names = list(tags) if tags is not None else list(open_lexicon().tags("need", lang))
    sheet = chosen.assign(**dict.fromkeys([*names, DONE], ""))
    if path is not None:
        shown = sheet.assign(text=guarded(sheet["text"].astype("str"), "text"))
        if Path(path).suffix == ".xlsx":
            shown.to_excel(path, index=False)
        else:
            shown.to_csv(path, index=False, encoding="utf-8-sig", lineterminator="\n")
    return sheet


def read_sheet(path: Path | str) -> "pd.DataFrame":
    """A coded sheet as a table: text_id, need, tagged (True or False), a row per text and need, of texts that are done.

    Takes .csv (utf-8) and .xlsx. 1, x, yes, √, 是 and the like are yes; 0, no, 否 and blanks are no. Raises DataError
    for a file without text_id and done, and for other cells, with the lines they stand in.
    """
    import pandas as pd

    path = Path(path)
    if not path.is_file():
        raise DataError("no_file", path=path)
    if path.suffix == ".xlsx":
        sheet = pd.read_excel(path, dtype="str", keep_default_na=False)
    else:
        sheet = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    lacking = [name for name in ("text_id", DONE) if name not in sheet]
    if lacking:
        raise DataError("sheet_columns", file=path.name, lacking=", ".join(lacking))
    needs = [name for name in sheet.columns if name not in ("text_id", "text", DONE)]
    cells = sheet[[*needs, DONE]].apply(lambda column: column.str.strip().str.lower())
    wrong = ~cells.isin([*YES, *NO])
    if wrong.to_numpy().any():
        places = [
            f"{row + 2}: {wrong.columns[column]}" for row, column in zip(*wrong.to_numpy().nonzero(), strict=True)
        ]
        more = " …" if len(places) > SHOWN else ""
        raise DataError("sheet_cells", file=path.name, count=len(places), places="; ".join(places[:SHOWN]) + more)
    coded = cells.isin(YES).assign(text_id=sheet["text_id"])
    done = coded[coded[DONE]].drop(columns=DONE)
    return done.melt("text_id", var_name="need", value_name="tagged").sort_values(
        ["text_id", "need"], ignore_index=True
    )


def compare_sheets(coders: Mapping[str, "pd.DataFrame"], found: "pd.DataFrame") -> SheetAgreement:
    """What people tagged beside what `find_needs` found in the same texts.

    `coders` has a coded sheet (`read_sheet`) per name of a coder, "machine" excepted; the first of them is compared
    with the machine by kappa, all together by alpha. Raises DataError where no text was coded by everybody,
    ParameterError without coders.

    >>> import pandas as pd
    >>> sheet = pd.DataFrame({"text_id": ["t1", "t2"], "need": "invoice", "tagged": [True, False]})
    >>> found = pd.DataFrame({"customer_id": ["a"], "text_id": ["t1"], "kind": ["need"], "tag": ["invoice"]})
    >>> compare_sheets({"coder_1": sheet}, found.assign(span="invoice", negated=False)).table["kappa"].tolist()
    [1.0]
    """
    import pandas as pd
    from sklearn.metrics import cohen_kappa_score

    if not coders or MACHINE in coders:
        raise ParameterError("sheet_coders", machine=MACHINE)
    sides = {name: sheet.set_index(["text_id", "need"])["tagged"] for name, sheet in coders.items()}
    both = pd.concat(sides, axis=1)
    complete = both.dropna().astype("bool")
    if complete.empty:
        raise DataError("sheet_nothing", coders=len(coders))
    told = asked_needs(found)
    machine = pd.MultiIndex.from_frame(told[["text_id", "need"]])
    complete[MACHINE] = complete.index.isin(machine)
    first = next(iter(coders))
    rows = []
    for need, units in complete.groupby(level="need"):
        varied = units[first].nunique() > 1 and units[MACHINE].nunique() > 1
        kappa = float(cohen_kappa_score(units[first], units[MACHINE])) if varied else None
        share = float((units[first] == units[MACHINE]).mean())
        counts = {name: int(units[name].sum()) for name in units.columns}
        rows.append({"need": need, "n": len(units), **counts, "both_share": share, "kappa": kappa})
    differ = complete[complete[first] != complete[MACHINE]].reset_index()
    codes = complete.astype("int64")
    texts = complete.index.get_level_values("text_id").nunique()
    return SheetAgreement(
        n=texts,
        undone=both.index.get_level_values("text_id").nunique() - texts,
        table=pd.DataFrame(rows).astype({"kappa": "float64"}),
        alpha=krippendorff_alpha(codes) if len(set(codes.to_numpy().ravel())) > 1 else None,
        apart=differ.rename(columns={first: "coder"})[["text_id", "need", "coder", MACHINE]],
    )
