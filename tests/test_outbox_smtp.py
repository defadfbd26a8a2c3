"""E-mails at a real SMTP server on this machine: at most once, and what becomes of each answer."""

import asyncio
import email
import email.policy
import shutil
import socket
import ssl
import subprocess
from contextlib import contextmanager
from dataclasses import replace

import pytest
from aiosmtpd.controller import Controller
from outbox_shop import KEY, MORNING, asked, box_of, customers, pseudonym, tiny_shop

from crmlab.errors import DataError
from crmlab.outbox import open_rules

THREE = [("C1", "coupon", "email"), ("C2", "coupon", "email"), ("C3", "shipped", "email")]


class Server:
    """Takes mails, and answers to some recipients as it is told: {"c1@…": ("rcpt", "550 5.1.1 no such user")}."""

    def __init__(self, answers=None):
        self.answers = answers or {}
        self.taken = []
        self.encrypted = []

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        step, answer = self.answers.get(address, ("", ""))
        if step == "rcpt":
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        step, answer = self.answers.get(envelope.rcpt_tos[0], ("", ""))
        if step == "lost":
            server.transport.abort()
            await asyncio.sleep(0)
            return "250 too late"
        if step == "data":
            return answer
        self.taken.append(envelope)
        self.encrypted.append(session.ssl is not None)
        return "250 OK"


@contextmanager
def running(answers=None, **settings):
    server = Server(answers)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(server, hostname="127.0.0.1", port=port, **settings)
    controller.start()
    try:
        yield server, port
    finally:
        controller.stop()


def outcomes(handed):
    names = {pseudonym(f"C{number}"): f"C{number}" for number in range(1, 9)}
    rows = handed.mails.sort_values("customer_id")
    told = zip(rows["customer_id"].map(names), rows["outcome"], rows["reason"], rows["detail"], strict=True)
    return {who: " ".join(one for one in rest if isinstance(one, str) and one != "250") for who, *rest in told}


@pytest.fixture
def box(tmp_path):
    with box_of(tmp_path, tiny_shop(3)) as made:
        made.put(asked(*THREE), at=MORNING)
        yield made


def test_the_server_gets_what_stands_in_the_files_and_gets_it_once(box):
    with running() as (server, port):
        handed = box.hand_over("127.0.0.1", port, at=MORNING)
        assert outcomes(handed) == {"C1": "sent", "C2": "sent", "C3": "sent"}
        assert handed.balance("en") == "Mails 3 = sent 3 + not sent 0 + to be tried again 0 + unsure 0"
        assert len(box.hand_over("127.0.0.1", port, at=MORNING).mails) == 0
    assert len(server.taken) == 3
    files = {path.read_bytes() for path in box.folder.glob("runs/*/email/*/*.eml")}
    assert {envelope.original_content for envelope in server.taken} == files
    for envelope in server.taken:
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        assert envelope.rcpt_tos == [mail["To"]]
        assert envelope.mail_from == "help@shop.example"
    assert box.verify().empty


@pytest.mark.parametrize(
    ("answer", "first", "second", "closed"),
    [
        (("rcpt", "550 5.1.1 no such user"), "refused server 550", None, True),
        (("rcpt", "553 no such user"), "refused server 553", None, True),
        (("rcpt", "550 5.7.1 not from you"), "refused server 550", None, False),
        (("rcpt", "451 4.7.1 try later"), "later server 451", "sent", False),
        (("rcpt", "450 busy"), "later server 450", "sent", False),
        (("data", "554 5.6.0 no"), "refused server 554", None, False),
        (("data", "452 4.3.1 full"), "later server 452", "sent", False),
        (("lost", ""), "unsure no_connection", None, False),
    ],
)
def test_each_answer_has_its_outcome_and_the_others_go_on(box, answer, first, second, closed):
    with running({"c2@shop.example": answer}) as (server, port):
        assert outcomes(box.hand_over("127.0.0.1", port, at=MORNING)) == {"C1": "sent", "C2": first, "C3": "sent"}
        server.answers = {}
        again = outcomes(box.hand_over("127.0.0.1", port, at=MORNING))
        assert again == ({"C2": second} if second else {})
    hashes = box.opt_outs()
    assert hashes["contact"].tolist() == ([KEY.contact("c2@shop.example")] if closed else [])
    assert len({envelope.rcpt_tos[0] for envelope in server.taken}) == len(server.taken)


def test_an_unsure_mail_waits_for_a_person(box):
    with running({"c2@shop.example": ("lost", "")}) as (server, port):
        box.hand_over("127.0.0.1", port, at=MORNING)
        (message,) = box.unsure()["message"]
        assert box.unsure()["customer_id"].tolist() == [pseudonym("C2")]
        server.answers = {}
        box.settle(message, sent=False, at=MORNING)
        assert outcomes(box.hand_over("127.0.0.1", port, at=MORNING)) == {"C2": "sent"}
    with pytest.raises(DataError, match="unsure"):
        box.settle(message, sent=True, at=MORNING)


def test_killed_between_intent_and_outcome_the_mail_is_unsure_and_not_sent_again(box, monkeypatch):
    import crmlab.outbox.smtp as room

    class Killed(BaseException):
        pass

    def dies(*_):
        raise Killed

    with running() as (server, port):
        with monkeypatch.context() as patch:
            patch.setattr(room._Line, "send", dies)
            with pytest.raises(Killed):
                box.hand_over("127.0.0.1", port, at=MORNING)
        assert len(box.unsure()) == 1
        assert len(box.hand_over("127.0.0.1", port, at=MORNING).mails) == 2
        assert len(server.taken) == 2
        assert len(box.unsure()) == 1


def test_consent_is_looked_at_again_and_so_is_the_hour(box):
    shop = box.shop
    shop.tables["consents"] = shop.tables["consents"][shop.tables["consents"]["customer_id"] != "C1"]
    box.reply(pseudonym("C2"), "退订", channel="email", at=MORNING)
    with running() as (server, port):
        told = outcomes(box.hand_over("127.0.0.1", port, at=MORNING))
        assert told == {"C1": "refused no_consent marketing", "C2": "refused channel_closed opt_out", "C3": "sent"}
    assert [envelope.rcpt_tos for envelope in server.taken] == [["c3@shop.example"]]


def test_at_night_marketing_stays_and_service_goes(box):
    with running() as (_, port):
        told = outcomes(box.hand_over("127.0.0.1", port, at=MORNING.replace(hour=23)))
        assert told == {"C1": "later quiet_hours", "C2": "later quiet_hours", "C3": "sent"}
        assert outcomes(box.hand_over("127.0.0.1", port, at=MORNING.replace(day=18))) == {"C1": "sent", "C2": "sent"}


def test_a_file_that_somebody_changed_and_an_address_that_is_no_longer_true_stay_here(box):
    paths = {path: path.read_bytes() for path in box.folder.glob("runs/*/email/*/*.eml")}
    changed = next(path for path, content in paths.items() if b"c1@" in content)
    changed.write_bytes(changed.read_bytes().replace(b"c1@", b"x1@"))
    box.shop.tables["customers"] = customers({}, {"email": "new@shop.example"}, {})
    with running() as (server, port):
        told = outcomes(box.hand_over("127.0.0.1", port, at=MORNING))
        assert told == {"C1": "refused file_changed", "C2": "refused contact_changed", "C3": "sent"}
    assert len(server.taken) == 1


def test_without_a_server_all_waits(box):
    with running() as (_, port):
        pass
    told = outcomes(box.hand_over("127.0.0.1", port, at=MORNING))
    assert told == dict.fromkeys(("C1", "C2", "C3"), "later no_connection")
    with running() as (_, port):
        assert set(outcomes(box.hand_over("127.0.0.1", port, at=MORNING)).values()) == {"sent"}


def test_another_machine_gets_no_mail_in_the_clear(box, monkeypatch):
    import ipaddress

    monkeypatch.setattr(ipaddress.IPv4Address, "is_loopback", False)
    with running() as (server, port), pytest.raises(DataError, match="STARTTLS"):
        box.hand_over("127.0.0.1", port, at=MORNING)
    assert server.taken == []
    assert box.unsure().empty


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for this machine that signs itself, and what a server needs to show it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not here to make a certificate")
    folder = tmp_path_factory.mktemp("certificate")
    paths = {name: str(folder / f"{name}.pem") for name in ("key", "own")}
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command += ["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command, "-keyout", paths["key"], "-out", paths["own"]], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(paths["own"], paths["key"])
    return paths["own"], context


@pytest.mark.parametrize("elsewhere", [False, True])
def test_mails_go_encrypted_where_the_server_can_and_to_any_other_machine(box, certificate, monkeypatch, elsewhere):
    import ipaddress

    path, context = certificate
    monkeypatch.setenv("SSL_CERT_FILE", path)
    if elsewhere:
        monkeypatch.setattr(ipaddress.IPv4Address, "is_loopback", False)
    with running(tls_context=context) as (server, port):
        told = outcomes(box.hand_over("127.0.0.1", port, at=MORNING))
    assert told == dict.fromkeys(("C1", "C2", "C3"), "sent")
    assert server.encrypted == [True] * 3


def test_a_server_that_cannot_prove_who_it_is_gets_nothing(box, certificate, monkeypatch, tmp_path):
    empty = tmp_path / "nobody.pem"
    empty.write_text("", encoding="utf-8")
    monkeypatch.setenv("SSL_CERT_FILE", str(empty))
    with running(tls_context=certificate[1]) as (server, port), pytest.raises(DataError, match="certificate"):
        box.hand_over("127.0.0.1", port, at=MORNING)
    assert server.taken == []
    assert box.unsure().empty


def test_two_programs_that_hand_over_at_once_send_each_mail_once(box, monkeypatch):
    import crmlab.outbox.smtp as room

    two, ready, handed = box_of(box.folder, box.shop), room._Line.ready, []

    def ready_late(line):
        monkeypatch.setattr(room._Line, "ready", ready)
        handed.append(two.hand_over("127.0.0.1", port, at=MORNING))
        return ready(line)

    monkeypatch.setattr(room._Line, "ready", ready_late)
    with running() as (server, port):
        assert len(box.hand_over("127.0.0.1", port, at=MORNING).mails) == 0
    assert outcomes(handed[0]) == dict.fromkeys(("C1", "C2", "C3"), "sent")
    assert len(server.taken) == 3


def test_a_refusal_that_comes_while_mails_go_out_counts_for_the_next_one(box, monkeypatch):
    import crmlab.outbox.smtp as room

    ready = room._Line.ready

    def ready_after_replies(line):
        for who in ("C1", "C2", "C3"):
            box.reply(pseudonym(who), "T", channel="email", at=MORNING)
        return ready(line)

    monkeypatch.setattr(room._Line, "ready", ready_after_replies)
    with running() as (server, port):
        told = outcomes(box.hand_over("127.0.0.1", port, at=MORNING))
    closed = "refused channel_closed opt_out"
    assert told == {"C1": closed, "C2": closed, "C3": "sent"}
    assert [envelope.rcpt_tos for envelope in server.taken] == [["c3@shop.example"]]


def test_an_outbox_that_is_only_for_the_file_has_no_connection_to_make(tmp_path):
    box = box_of(tmp_path, tiny_shop(1), rules=replace(open_rules("cn"), cap=9))
    box.put(asked(("C1", "coupon", "sms")), at=MORNING)
    assert len(box.hand_over("127.0.0.1", 1, at=MORNING).mails) == 0
