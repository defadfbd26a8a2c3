"""Pictures of what customers say: how many name a need or a complaint, in which words, and who they are."""

from typing import TYPE_CHECKING

from crmlab.rfm.marks import TYPES, combination
from crmlab.show.charts import heat
from crmlab.show.picture import Picture, blank, nothing
from crmlab.show.table import code_word
from crmlab.show.theme import BLUE, INK, ORANGE
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.rfm import RFM

WORDS = 3
LETTERS = {"zh": 20, "en": 38}
"""Room for words beside a bar."""
SMALLEST = 20
"""A combination with fewer customers who wrote something is not shown."""


def needs_named(found: "pd.DataFrame", texts: "pd.DataFrame", lang: str = "zh", *, kind: str = "need") -> Picture:
    """The share of the customers with texts who name each need or complaint (`kind`), and the most frequent words.

    `found` is what `find_needs` gives for `texts`. Negated ones (declined needs, praise by negation) have bars of their
    own beside them.
    """
    rows = found[found["kind"] == kind]
    customers = int(texts["customer_id"].nunique())
    title = word(f"chart.named_{kind}", lang)
    if rows.empty:
        return nothing(title, lang)
    people = rows.groupby(["tag", "negated"])["customer_id"].nunique().unstack(fill_value=0)
    people = people.reindex(columns=[False, True], fill_value=0).sort_values([False, True], kind="stable")
    figure, (axes,) = blank(10, max(2.2, 0.52 * len(people) + 1.6))
    for place, (tag, row) in enumerate(people.iterrows()):
        plain, negated = row[False] / customers, row[True] / customers
        axes.barh(place + 0.19, plain, 0.36, color=BLUE)
        axes.barh(place - 0.19, negated, 0.36, color=ORANGE)
        told = word("chart.named_words", lang, customers=row[False], words=_words(rows, tag, lang))
        axes.text(plain, place + 0.19, f" {told}", va="center", fontsize=11, color=INK)
        if row[True]:
            axes.text(negated, place - 0.19, f" {row[True]:,}", va="center", fontsize=11, color=INK)
    axes.set_yticks(range(len(people)), [code_word(kind, tag, lang) for tag in people.index])
    axes.set_xlim(0, people.to_numpy().max() / customers * 1.6)
    axes.xaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    axes.grid(axis="y", visible=False)
    axes.set_xlabel(word("chart.named_axis", lang, customers=customers))
    axes.set_title(title)
    handles = [axes.patches[0], axes.patches[1]]
    labels = [word(f"chart.named_{kind}_{side}", lang) for side in ("plain", "negated")]
    axes.legend(handles, labels, loc="lower right", frameon=False)
    top = people.index[-1]
    return Picture(figure, word("chart.named_alt", lang, title=title, tag=code_word(kind, top, lang),
                                count=int(people[False].iloc[-1]), customers=customers,
                                negated=int(people[True].sum()), words=_words(rows, top, lang)))  # fmt: skip


def _words(rows: "pd.DataFrame", tag: str, lang: str) -> str:
    """The most frequent words for a tag, as many as there is room for."""
    said = rows.loc[(rows["tag"] == tag) & ~rows["negated"], "span"].str.lower()
    counts = said.value_counts().rename_axis("span").reset_index(name="count")
    ranked = counts.sort_values(["count", "span"], ascending=[False, True])["span"].head(WORDS)
    shown: list[str] = []
    for span in ranked:
        if shown and len(" / ".join([*shown, span])) > LETTERS[lang]:
            break
        shown.append(span)
    return " / ".join(shown)


def needs_by_marks(asked: "pd.DataFrame", texts: "pd.DataFrame", result: "RFM", lang: str = "zh") -> Picture:
    """The share of each R F M combination that asks for each need: of its customers who wrote something, as a grid.

    `asked` is what `asked_needs` gives for `texts`. Combinations with fewer than twenty such customers are left out.
    """
    typed = result.customers.set_index(result.customer_column)
    marks = (typed["r_mark"] + typed["f_mark"] + typed["m_mark"]).map({marks: combination(marks) for marks in TYPES})
    wrote = texts["customer_id"].drop_duplicates().map(marks).dropna().value_counts()
    wrote = wrote[wrote >= SMALLEST].sort_index()
    pairs = asked.drop_duplicates(["customer_id", "need"])
    counts = pairs.assign(marks=pairs["customer_id"].map(marks)).groupby(["need", "marks"]).size().unstack(fill_value=0)
    shares = counts.reindex(columns=wrote.index, fill_value=0) / wrote
    shares = shares.loc[shares.sum(axis=1).sort_values(ascending=False, kind="stable").index]
    shares.columns = [word("chart.need_marks", lang, marks=name, customers=wrote[name]) for name in shares.columns]
    title = word("chart.needs_by_marks", lang)
    picture = heat(shares, lang, title=title, rows="need", columns="marks", percent=True)
    for label in picture.figure.axes[0].get_xticklabels():
        label.set_linespacing(1.5)
    return Picture(picture.figure, picture.alt.replace("\n", " "))
