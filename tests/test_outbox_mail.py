"""What is written: mails that a mail client opens, text messages with their length, files that a spreadsheet opens."""

import csv
import email
import email.policy
from datetime import timedelta
from email.message import EmailMessage

import pytest
from outbox_shop import MORNING, SENDER, asked, box_of, customers, files_in, pseudonym, reasons, tiny_shop

from crmlab.errors import ParameterError
from crmlab.outbox import Sender, read_template, sms_length
from crmlab.outbox.mail import html_page, is_address, mail_bytes


def mails_in(folder):
    paths = sorted(folder.glob("runs/*/email/*/*.eml"))
    return [
        email.message_from_bytes(path.read_bytes(), _class=EmailMessage, policy=email.policy.SMTP) for path in paths
    ]


def rows_in(path):
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_mail_is_read_back_by_the_standard_library(tmp_path):
    box = box_of(tmp_path, tiny_shop(1))
    box.put(asked(("C1", "coupon", "email")), at=MORNING)
    (mail,) = mails_in(tmp_path)
    assert mail.defects == []
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert (mail["From"].addresses[0].display_name, mail["From"].addresses[0].addr_spec) == (
        SENDER.name,
        SENDER.contact,
    )
    assert mail["To"] == "c1@shop.example"
    assert mail["Subject"] == "（广告）罗示一，送您一张优惠券".replace("一，", f"{chr(0x4E01)}，")
    assert mail["Date"].datetime == MORNING
    assert mail["List-Unsubscribe"].startswith(f"<mailto:{SENDER.contact}?subject=unsubscribe%20")
    text, html = (mail.get_body(kind).get_content() for kind in ("plain", "html"))
    for words in ("AB12", "退订", SENDER.contact, SENDER.name):
        assert words in text
        assert words in html
    (path,) = tmp_path.glob("runs/*/email/*/*.eml")
    assert mail["Message-ID"] == f"<{path.stem}@shop.example>"
    assert path.read_bytes().isascii()
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")


def test_a_mail_says_the_same_as_one_that_the_standard_library_builds():
    content = {"subject": "（广告）" + "很长的主题" * 20, "text": "您好\n\n618\n", "html": "<p>您好</p>"}
    made = mail_bytes("abcd", sender=SENDER, to="c1@shop.example", at=MORNING, opt_out=False, **content)
    built = EmailMessage(policy=email.policy.SMTP)
    built["From"], built["To"] = f"{SENDER.name} <{SENDER.contact}>", "c1@shop.example"
    built["Subject"] = content["subject"]
    built.set_content(content["text"], cte="base64")
    built.add_alternative(content["html"], subtype="html", cte="base64")
    read = email.message_from_bytes(made, _class=EmailMessage, policy=email.policy.SMTP)
    again = email.message_from_bytes(built.as_bytes(), _class=EmailMessage, policy=email.policy.SMTP)
    for name in ("From", "To", "Subject"):
        assert read[name] == again[name]
    assert read["Subject"] == content["subject"]
    for kind in ("plain", "html"):
        same = [one.get_body(kind).get_content().replace("\r\n", "\n").rstrip("\n") for one in (read, again)]
        assert same[0] == same[1]


@pytest.mark.parametrize(
    "name", ["示\r\nBcc: x@shop.example", "示\nSubject: x", "示\u2028Bcc: x", "示\x0bBcc: x", "示\u202ex"]
)
def test_a_name_cannot_add_a_header(tmp_path, name):
    box = box_of(tmp_path, tiny_shop(1, customers=customers({"name": name})))
    box.put(asked(("C1", "coupon", "email"), ("C1", "coupon", "sms")), at=MORNING)
    (mail,) = mails_in(tmp_path)
    assert mail["Bcc"] is None
    assert len(mail.get_all("Subject")) == 1
    assert mail["Subject"].startswith("（广告）示")
    assert "\u202e" not in mail["Subject"]
    (row,) = rows_in(tmp_path / "runs/0001/sms.csv")
    assert row["text"].isprintable()


def test_the_html_of_a_mail_is_escaped(tmp_path):
    evil = "<script>alert(1)</script>&\"'"
    box = box_of(tmp_path, tiny_shop(1), sender=Sender("<b>店</b>", SENDER.contact))
    box.put(asked(("C1", "coupon", "email"), code=evil), at=MORNING)
    html = mails_in(tmp_path)[0].get_body("html").get_content()
    assert "<script>" not in html
    assert "<b>店" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;&#34;&#39;" in html
    assert evil in mails_in(tmp_path)[0].get_body("plain").get_content()


def test_a_message_speaks_the_language_of_its_customer(tmp_path):
    box = box_of(
        tmp_path, tiny_shop(3, customers=customers({"language": "en"}, {"language": "zh"}, {"language": None}))
    )
    box.put(asked(*((f"C{n}", "coupon", "email") for n in (1, 2, 3))), at=MORNING)
    by_address = {mail["To"]: mail["Subject"] for mail in mails_in(tmp_path)}
    assert by_address["c1@shop.example"].startswith("AD: ")
    assert by_address["c2@shop.example"][:4] == by_address["c3@shop.example"][:4] == "（广告）"


def test_only_advertising_is_marked_and_only_marketing_and_care_say_how_to_refuse(tmp_path):
    box = box_of(tmp_path, tiny_shop(3))
    box.put(asked(("C1", "coupon", "email"), ("C2", "birthday", "email"), ("C3", "shipped", "email")), at=MORNING)
    found = {mail["To"][:2]: mail for mail in mails_in(tmp_path)}
    assert ["（广告）" in found[who]["Subject"] for who in ("c1", "c2", "c3")] == [True, False, False]
    assert [found[who]["List-Unsubscribe"] is None for who in ("c1", "c2", "c3")] == [False, False, True]


def test_a_text_message_has_signature_contact_and_the_way_to_refuse(tmp_path):
    people = customers({}, {"language": "en"}, {})
    box = box_of(tmp_path, tiny_shop(3, customers=people))
    box.put(asked(("C1", "coupon", "sms"), ("C2", "coupon", "sms"), ("C3", "shipped", "sms")), at=MORNING)
    rows = {row["customer_id"]: row for row in rows_in(tmp_path / "runs/0001/sms.csv")}
    assert rows["C1"]["text"].startswith(f"【{SENDER.name}】")
    assert rows["C1"]["text"].endswith(f"客服 {SENDER.contact}，拒收请回复T")
    assert rows["C2"]["text"].endswith(f"Contact: {SENDER.contact}. Reply T to stop")
    assert rows["C3"]["text"].startswith(f"【{SENDER.name}】")
    assert "拒收" not in rows["C3"]["text"]
    for row in rows.values():
        length = sms_length(row["text"])
        assert (int(row["characters"]), row["alphabet"], int(row["parts"])) == tuple(length)
        assert "\n" not in row["text"]


@pytest.mark.parametrize(
    ("text", "alphabet", "parts"),
    [
        ("", "gsm7", 1),
        ("a" * 160, "gsm7", 1),
        ("a" * 161, "gsm7", 2),
        ("a" * 306, "gsm7", 2),
        ("a" * 307, "gsm7", 3),
        ("€" * 80, "gsm7", 1),
        ("a" * 152 + "€" + "a" * 6, "gsm7", 1),
        ("a" * 152 + "€" + "a" * 152, "gsm7", 3),
        ("a" * 306 + "€", "gsm7", 3),
        ("中" * 70, "ucs2", 1),
        ("中" * 71, "ucs2", 2),
        ("中" * 134, "ucs2", 2),
        ("中" * 135, "ucs2", 3),
        ("😀" * 35, "ucs2", 1),
        ("😀" * 36, "ucs2", 2),
        ("中" * 66 + "😀" * 34, "ucs2", 3),
        ("`" * 70, "ucs2", 1),
        ("é" * 160, "gsm7", 1),
        ("ê" * 71, "ucs2", 2),
    ],
)
def test_the_parts_of_a_text_message(text, alphabet, parts):
    assert sms_length(text)[1:] == (alphabet, parts)


def test_no_cell_is_a_formula(tmp_path):
    own = 'kind = "service"\noffer = false\nchannels = ["wangwang", "onsite"]\npriority = 1\n'
    own += '[variables]\ncode = "request"\n[zh]\ntext = "{{ code }}"\n[en]\ntext = "{{ code }}"\n'
    own = read_template("own.toml", own)
    box = box_of(tmp_path, tiny_shop(1), templates={"own": own})
    box.put(asked(("C1", "own", "wangwang"), ("C1", "own", "onsite"), code="=HYPERLINK(1)"), at=MORNING)
    for name in ("wangwang", "onsite"):
        assert rows_in(tmp_path / f"runs/0001/{name}.csv")[0]["text"] == "'=HYPERLINK(1)"


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\r\nBcc: b"])
def test_a_sender_has_a_name_on_one_line(name):
    with pytest.raises(ParameterError):
        Sender(name, "help@shop.example")


@pytest.mark.parametrize(
    "contact",
    [
        *("", "help", "help@shop", "a b@shop.example", "a@shop.example\n", "a..b@shop.example", "<a@shop.example>"),
        *("a@-shop.example", "a,b@shop.example", "a" * 65 + "@shop.example"),
    ],
)
def test_a_contact_is_an_address(contact):
    assert not is_address(contact)
    with pytest.raises(ParameterError):
        Sender("店", contact)


def test_the_page_of_a_mail_demands_its_words():
    page = html_page(lang="zh", shop="店", paragraphs=["一", "二"], footer=["三"])
    assert page.count("<p") == 4
    assert '<html lang="zh-Hans">' in page


def test_file_names_hold_no_person(tmp_path):
    box = box_of(tmp_path, tiny_shop(2))
    box.put(asked(("C1", "coupon", "email"), ("C2", "birthday", "sms")), at=MORNING)
    for path in tmp_path.rglob("*"):
        assert path.name.isascii()
        assert not {"C1", "C2", pseudonym("C1"), "c1@shop.example"} & {path.name, path.stem}


def test_the_same_requests_give_the_same_bytes(tmp_path):
    rows = asked(
        ("C1", "coupon", "email"), ("C2", "birthday", "sms"), ("C3", "shipped", "onsite"), ("C2", "coupon", "email")
    )
    for name, frame in (("one", rows), ("two", rows.sample(frac=1, random_state=3))):
        with box_of(tmp_path / name, tiny_shop(3)) as box:
            assert set(reasons(box.put(frame, at=MORNING))) == {"written"}
    one, two = files_in(tmp_path / "one"), files_in(tmp_path / "two")
    del one["runs/0001/manifest.json"], two["runs/0001/manifest.json"]  # the log stands in the order of the requests
    assert one == two
    assert len(one) == 5


def test_a_thousand_mails_lie_in_one_folder_and_the_next_in_another(tmp_path, monkeypatch):
    monkeypatch.setattr("crmlab.outbox.artefacts.MAILS_IN_FOLDER", 2)
    box = box_of(tmp_path, tiny_shop(5))
    box.put(asked(*((f"C{n}", "coupon", "email") for n in range(1, 6))), at=MORNING + timedelta(minutes=1))
    assert [len(list(folder.iterdir())) for folder in sorted((tmp_path / "runs/0001/email").iterdir())] == [2, 2, 1]
    assert box.verify().empty
