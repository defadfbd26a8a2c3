"""Templates: what is declared, what is refused when they are opened, and what values cannot do."""

from dataclasses import replace

import pytest
from outbox_shop import MORNING, SENDER, TEMPLATES, asked, box_of, customers, reasons, tiny_shop

from crmlab.errors import DataError
from crmlab.outbox import open_rules, open_templates, read_template
from crmlab.words import LANGUAGES, has_word

GOOD = """
kind = "care"
offer = false
channels = ["sms"]
purposes = ["marketing"]
priority = 1

[variables]
name = "customer"
note = "request"

[zh]
text = "{{ name }}您好：{{ note }}"

[en]
text = "Dear {{ name }}: {{ note }}"
"""


def test_the_templates_of_the_house_open_and_have_their_words():
    assert len(TEMPLATES) >= 7
    for name, template in TEMPLATES.items():
        assert has_word(f"outbox.template.{name}")
        for variable, source in template.variables.items():
            assert source != "request" or has_word(f"outbox.variable.{variable}")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{{ note }}", "{{ note }}{{ other }}", "other"),
        ("{{ note }}", "", "note"),
        ("{{ note }}", "{{ note.__class__.__mro__ }}", "SecurityError"),
        ("{{ note }}", "{{ note", "text"),
        ("{{ note }}", "{% for n in range(9) %}{{ note }}{% endfor %}", "range"),
        ("{{ note }}", "{{ note | upper / 2 }}", "TypeError"),
        ('kind = "care"', 'kind = "gossip"', "gossip"),
        ('kind = "care"', 'kind = "marketing"', "offer"),
        ('kind = "care"\noffer = false', 'kind = "service"\noffer = true', "offer"),
        ("offer = false", 'offer = "no"', "offer"),
        ('channels = ["sms"]', 'channels = ["pigeon"]', "pigeon"),
        ('channels = ["sms"]', 'channels = ["email"]', "zh"),
        ('channels = ["sms"]', 'channels = ["social"]', "social"),
        ('purposes = ["marketing"]', 'purposes = ["profiling"]', "marketing"),
        ('purposes = ["marketing"]', 'purposes = ["gossip"]', "gossip"),
        ('name = "customer"', 'name = "neighbour"', "variables"),
        ('note = "request"', 'note = "customer"', "customer"),
        ('note = "request"', 'note = "sender"', "sender"),
        ("priority = 1", "priority = 1\nonce_per = ['name']", "once_per"),
        ("priority = 1", "", "priority"),
        ("priority = 1", "priority = 1\nspeed = 2", "speed"),
        ("[en]\n", "[fr]\n", "en"),
        ("[variables]", "[variables", "own.toml"),
    ],
)
def test_a_faulty_template_is_a_fault_when_it_is_opened(old, new, told):
    assert old in GOOD
    text = GOOD.replace(old, new)
    with pytest.raises(DataError, match=r"own\.toml") as found:
        read_template("own.toml", text)
    assert told in str(found.value)


@pytest.mark.parametrize("words", ["双十一八折", "满减", "优惠券", "a coupon", "20% off", "Special offer"])
def test_a_message_of_service_holds_no_offer(words):
    text = GOOD.replace('kind = "care"', 'kind = "service"').replace("您好", f"您好{words}")
    with pytest.raises(DataError, match="service"):
        read_template("own.toml", text)


def test_an_offer_in_a_value_does_not_reach_a_message_of_service(tmp_path):
    box = box_of(tmp_path, tiny_shop(2))
    report = box.put(
        asked(("C1", "shipped", "sms"), ("C2", "shipped", "sms"), arrives=["明天，全场八折", "明天"]), at=MORNING
    )
    assert reasons(report) == ["refused: offer_in_service", "written"]


def test_a_value_is_text_and_nothing_in_it_is_carried_out():
    made = read_template("own.toml", GOOD).render("text", "zh", {"name": "{{ note }}", "note": "{% raw %}"})
    assert made == "{{ note }}您好：{% raw %}"


def test_a_template_that_fails_with_some_values_stops_those_messages_only(tmp_path):
    own = read_template("own.toml", GOOD.replace("{{ note }}", "{{ 1 // (note | length - 3) }}"))
    box = box_of(tmp_path, tiny_shop(2), templates={"own": own})
    report = box.put(asked(("C1", "own", "sms"), ("C2", "own", "sms"), note=["abc", "abcd"]), at=MORNING)
    assert reasons(report) == ["refused: template_fails", "written"]


def test_templates_of_ones_own_go_before_those_of_the_house(tmp_path):
    (tmp_path / "coupon.toml").write_text(GOOD, encoding="utf-8")
    found = open_templates(tmp_path)
    assert found["coupon"].kind == "care"
    assert found["shipped"] == TEMPLATES["shipped"]
    with pytest.raises(DataError):
        open_templates(tmp_path / "nowhere")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_template_is_written_to_every_channel_it_is_for(tmp_path, lang):
    shop = tiny_shop(1, customers=customers({"language": lang}))
    box = box_of(tmp_path, shop, lang=lang, rules=replace(open_rules("cn"), cap=99))
    rows = [
        (None if channel == "social" else "C1", name, channel)
        for name, one in TEMPLATES.items()
        for channel in one.channels
    ]
    report = box.put(asked(*rows, reason="r", topic="618", day="2026-06-18"), at=MORNING)
    assert reasons(report) == ["written"] * len(rows)
    assert SENDER.contact in (tmp_path / "runs/0001/social.md").read_text(encoding="utf-8")
