"""Business or leisure: the rule on basket and time, and how far it says what customers say."""

import pandas as pd
import pytest

from crmlab.errors import ConsentError, DataError
from crmlab.grouping.needs import need_agreement, need_groups
from crmlab.grouping.rules import open_rules
from crmlab.words import LANGUAGES, word

KNOWN = pd.DataFrame(
    [
        ("office", 1.0, 6.0, "business"),
        ("on the limit", 0.8, 5.0, "business"),
        ("few pieces", 0.8, 4.9, ""),
        ("weekends", 0.79, 5.0, ""),
        ("home", 0.5, 1.5, "leisure"),
        ("too few orders", None, 9.0, "unknown"),
        ("too few orders, small", None, 1.0, "unknown"),
        ("no quantities", 0.9, None, "unknown"),
    ],
    columns=["customer_id", "weekday_share", "pieces_per_order", "expected"],
)


def test_the_rule_to_its_limits():
    table = need_groups(KNOWN).table
    assert table["need_group"].tolist() == KNOWN["expected"].tolist()


def test_limits_can_be_moved():
    table = need_groups(KNOWN, weekday_from=0.7, pieces_from=4.0).table.set_index("customer_id")
    assert table.loc["weekends", "need_group"] == "business"
    assert table.loc["few pieces", "need_group"] == "business"


def test_the_rules_never_overlap_and_their_gaps_are_the_mixed_ones():
    proof = open_rules("needs").proof()
    assert not proof.overlaps
    assert proof.gaps


def pairs(counts):
    """Groups of a rule and declarations: {(rule, declared): how many}."""
    rows = [pair for pair, n in counts.items() for _ in range(n)]
    ids = [f"c{number}" for number in range(len(rows))]
    groups = pd.DataFrame({"customer_id": ids, "need_group": [rule for rule, _ in rows]})
    declared = pd.DataFrame({"customer_id": ids, "buys_for": [said for _, said in rows]})
    return groups, declared


def test_agreement_and_kappa_by_hand():
    """Cohen: observed 0.7; expected 0.5 * 0.6 + 0.5 * 0.4 = 0.5; kappa (0.7 - 0.5) / (1 - 0.5) = 0.4."""
    found = need_agreement(*pairs({
        ("business", "business"): 20, ("business", "leisure"): 5, ("leisure", "business"): 10,
        ("leisure", "leisure"): 15, ("unknown", "business"): 7, ("", "leisure"): 6, ("business", None): 8,
    }))  # fmt: skip
    assert (found.n, found.decided) == (63, 50)
    assert found.agreed_share == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    cells = found.table.set_index("need_group")
    assert cells.loc["business"].tolist() == [20, 5]
    assert cells.loc["unknown"].tolist() == [7, 0]
    assert cells.index.tolist() == ["business", "leisure", "unknown", ""]
    assert "κ = 0.40" in found.describe("zh")
    assert "70%" in found.describe("en")


def test_small_cells_are_blank_and_cannot_be_worked_out():
    """The sums are known of those who agree, of those who do not, and of those whom the rule leaves open."""
    counts = {
        ("business", "business"): 3, ("business", "leisure"): 7, ("leisure", "business"): 8, ("leisure", "leisure"): 30,
        ("", "business"): 6, ("", "leisure"): 2, ("unknown", "business"): 9, ("unknown", "leisure"): 0,
    }  # fmt: skip
    cells = need_agreement(*pairs(counts)).table.set_index("need_group")
    assert {pair: cells.loc[pair] for pair in counts if not pd.isna(cells.loc[pair])} == {
        ("business", "leisure"): 7, ("leisure", "business"): 8, ("", "business"): 6, ("unknown", "business"): 9,
    }  # fmt: skip
    plain = need_agreement(*pairs({**counts, ("business", "business"): 5, ("", "leisure"): 5})).table
    assert plain.notna().all(axis=None)


def test_too_few_and_all_alike_have_no_kappa():
    few = need_agreement(*pairs({("business", "business"): 4, ("", "leisure"): 9}))
    assert (few.decided, few.agreed_share, few.kappa) == (4, None, None)
    alike = need_agreement(*pairs({("leisure", "leisure"): 9}))
    assert (alike.agreed_share, alike.kappa) == (1.0, None)
    for lang in LANGUAGES:
        assert "4" in few.describe(lang)
        assert "100%" in alike.describe(lang)
        assert str(alike)


def test_declarations_are_checked():
    groups, declared = pairs({("leisure", "leisure"): 9})
    with pytest.raises(DataError, match="buys_for"):
        need_agreement(groups, declared.assign(buys_for="fun"))
    with pytest.raises(DataError, match="9"):
        need_agreement(groups, pd.concat([declared, declared]))
    with pytest.raises(DataError, match="wants"):
        need_agreement(groups, declared, need="wants")
    declared.attrs["purposes"] = ("survey",)
    with pytest.raises(ConsentError):
        need_agreement(groups, declared)


def test_the_words_of_tables_are_those_of_the_rules():
    for lang in LANGUAGES:
        for rule in open_rules("needs").rules:
            assert word(f"need_group.{rule.key}", lang) == rule.title[lang]
