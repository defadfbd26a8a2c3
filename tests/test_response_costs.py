"""Cost per response by group, beside a hold-out: worked out by hand."""

import math

import pandas as pd
import pytest
from scipy.stats import norm

from crmlab.cases import response_costs
from crmlab.errors import DataError


def contacts(**cells):
    """Rows from (group, held out): (how many, how many responded, cost each)."""
    rows = [
        {"value_tier": name.split("_")[0], "held_out": name.endswith("_out"), "responded": number < responded,
         "cost": cost}
        for name, (count, responded, cost) in cells.items() for number in range(count)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def wilson_interval(successes, n):
    """Wilson 1927, written out."""
    z, p = norm.ppf(0.975), successes / n
    middle = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return middle - half, middle + half


def test_the_arithmetic_by_hand():
    """200 contacted for 1.50 yuan each, 40 respond; of 100 held out 10 do: 20 % against 10 %, 20 answers extra."""
    table = response_costs(contacts(high=(200, 40, 150), high_out=(100, 10, 0), low=(50, 0, 20)))
    high, low = table.to_dict("records")
    assert (high["contacted"], high["responded"], high["cost"], high["held_out"]) == (200, 40, 30_000, 100)
    assert high["cost_per_response"] == 750
    assert high["cost_per_extra"] == 1500
    assert high["extra_share"] == pytest.approx(0.1)
    wilson = [wilson_interval(40, 200), wilson_interval(10, 100)]
    assert (high["response_low_share"], high["response_high_share"]) == pytest.approx(wilson[0])
    newcombe = (
        0.1 - math.hypot(0.2 - wilson[0][0], wilson[1][1] - 0.1),
        0.1 + math.hypot(wilson[0][1] - 0.2, 0.1 - wilson[1][0]),
    )
    assert (high["extra_low_share"], high["extra_high_share"]) == pytest.approx(newcombe)
    assert newcombe[0] > 0
    assert (low["cost"], low["held_out"]) == (1000, 0)
    assert pd.isna(low["cost_per_response"])
    assert math.isnan(low["extra_share"])


def test_half_a_fen_is_rounded_up():
    assert response_costs(contacts(high=(5, 2, 1)))["cost_per_response"].tolist() == [3]


def test_too_little_known_has_no_cost_per_extra_response():
    table = response_costs(contacts(high=(20, 4, 150), high_out=(10, 1, 0)))
    assert table["extra_share"][0] > 0 > table["extra_low_share"][0]
    assert table["cost_per_extra"].isna().all()


def test_everybody_held_out_costs_nothing_and_says_nothing():
    (row,) = response_costs(contacts(high_out=(10, 1, 0))).to_dict("records")
    assert (row["contacted"], row["cost"], row["held_out_share"]) == (0, 0, 0.1)
    assert math.isnan(row["response_share"])


def test_shuffled_rows_give_the_same():
    rows = contacts(high=(30, 7, 5), low=(40, 3, 5), low_out=(9, 2, 0))
    pd.testing.assert_frame_equal(response_costs(rows), response_costs(rows.sample(frac=1, random_state=1)))


def test_what_cannot_be_used_is_told():
    rows = contacts(high=(3, 1, 5), high_out=(3, 1, 0))
    with pytest.raises(DataError, match="responded, cost"):
        response_costs(rows.drop(columns=["responded", "cost"]))
    with pytest.raises(DataError) as caught:
        response_costs(rows.assign(cost=5))
    assert (caught.value.key, caught.value.values["count"]) == ("case_held_out_cost", 3)
    with pytest.raises(DataError) as caught:
        response_costs(rows.iloc[:0])
    assert caught.value.key == "case_contacts_none"


def test_noughts_and_ones_are_no_and_yes_and_a_blank_is_refused():
    rows = {"value_tier": ["high"] * 4, "held_out": [False, False, True, True], "responded": [True, False, False, True]}
    contacts = pd.DataFrame(rows).assign(cost=[5, 5, 0, 0])
    numbers = contacts.astype({"held_out": "int64", "responded": "int64"})
    assert response_costs(numbers).equals(response_costs(contacts))
    with pytest.raises(DataError, match="1 customers"):
        response_costs(contacts.assign(responded=[True, None, False, True]))
