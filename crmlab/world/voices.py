"""Reviews, chats and follow-up notes in Chinese and English, made from the sentences of voices.csv."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from crmlab.tables.codes import CODES
from crmlab.world.catalogue import Product, read
from crmlab.world.drawing import place_of
from crmlab.world.season import LAST_DAY, date_of
from crmlab.world.shopping import Order

TEXTS = {"review": 900, "chat": 380, "follow_up": 220}
PERSONAL = 36
NEED_SHARE = {"review": 0.1, "chat": 0.3, "follow_up": 0.3}
STAR_SHARES = (0.07, 0.08, 0.13, 0.3, 0.42)
DECOYS = {"decline": 40, "need_twice": 10, "praise": 16}
SIDE_TOPICS = ("delivery", "package", "price", "service")


@dataclass
class Text:
    """One text under way: its sentences as (zh, en) pairs, and what was planted in it."""

    kind: str
    order: Order
    product: Product
    stars: int
    day: int
    pairs: list[tuple[str, str]] = field(default_factory=list)
    need: dict[str, str] = field(default_factory=dict)
    declined: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)
    personal: list[dict[str, str]] = field(default_factory=list)

    def say(self, sentence: dict[str, str]) -> None:
        zh, en = self.product.short_zh, self.product.short_en
        self.pairs.append((sentence["zh"].format(item=zh), sentence["en"].format(item=en)))
        if sentence["tone"] == "neg":
            topic = sentence["topic"]
            self.complaints.append(topic if topic in CODES["complaint"] else "product")

    @property
    def zh(self) -> str:
        return "".join(pair[0] for pair in self.pairs)

    @property
    def en(self) -> str:
        text = " ".join(pair[1].strip() for pair in self.pairs)
        return text[0].upper() + text[1:]


class Sentences:
    """The sentences of voices.csv by tone and topic; its column `only` names the products that fit."""

    def __init__(self, rng: np.random.Generator):
        self.rng = rng
        self.found: dict[tuple[str, str], list[dict[str, str]]] = {}
        for row in read("voices.csv"):
            self.found.setdefault((row["tone"], row["topic"]), []).append(row)

    def fitting(self, tone: str, topic: str, product: Product) -> list[dict[str, str]]:
        rows = self.found[tone, topic]
        return [row for row in rows if not row["only"] or product.kind in row["only"].split()]

    def one(self, tone: str, topic: str, product: Product) -> dict[str, str]:
        rows = self.fitting(tone, topic, product)
        return rows[int(self.rng.integers(len(rows)))]

    def any_of(self, tone: str, product: Product) -> dict[str, str]:
        """A sentence of a tone, about one of the topics that fit the product."""
        topics = [topic for said, topic in self.found if said == tone and self.fitting(tone, topic, product)]
        return self.one(tone, topics[int(self.rng.integers(len(topics)))], product)

    def need(self, product: Product) -> dict[str, str]:
        """A need that somebody with this product can have."""
        needs = [need for need in CODES["need"] if self.fitting("need", need, product)]
        return self.one("need", needs[int(self.rng.integers(len(needs)))], product)


@dataclass(frozen=True)
class Voices:
    """The texts, and what was planted in them: needs, declined needs, complaints, personal data."""

    texts: pd.DataFrame
    needs: pd.DataFrame
    declined: pd.DataFrame
    complaints: pd.DataFrame
    personal: pd.DataFrame


def draw_texts(
    rng: np.random.Generator, decoys: np.random.Generator, people: pd.DataFrame, orders: list[Order]
) -> Voices:
    """The texts and what was planted in them. `decoys` draws the sentences that mislead whoever only counts words."""
    sentences = Sentences(rng)
    texts = [text for kind, count in TEXTS.items() for text in _some(sentences, kind, count, orders)]
    talks = [text for text in texts if text.kind != "review"]
    for number in rng.choice(len(talks), PERSONAL, replace=False):
        _plant(sentences, talks[number], people)
    texts.sort(key=lambda text: (text.day, text.order.customer_id, text.zh))
    plant_decoys(Sentences(decoys), texts)
    rows, needs, declined, complaints, personal = [], [], [], [], []
    for number, text in enumerate(texts, start=1):
        key = {"text_id": f"T{number:04d}", "customer_id": text.order.customer_id}
        rows.append({**key, **_row(rng, text)})
        text_id = {"text_id": key["text_id"]}
        needs += [{**key, **text.need}] if text.need else []
        declined += [{**text_id, **text.declined}] if text.declined else []
        complaints += [{**text_id, "complaint": topic} for topic in sorted(set(text.complaints))]
        personal += [{**text_id, **planted} for planted in text.personal]
    return Voices(*map(pd.DataFrame, (rows, needs, declined, complaints, personal)))


def _row(rng: np.random.Generator, text: Text) -> dict[str, str]:
    tied = text.kind == "review" or rng.random() < 0.7
    return {
        "order_id": text.order.order_id if tied else "",
        "kind": text.kind,
        "written_on": date_of(text.day).isoformat(),
        "stars": str(text.stars) if text.kind == "review" else "",
        "text_zh": text.zh,
        "text_en": text.en,
    }


def _some(sentences: Sentences, kind: str, count: int, orders: list[Order]) -> Iterator[Text]:
    """`count` texts of one kind about completed orders: no two in the same words, no order twice."""
    rng = sentences.rng
    done = [order for order in orders if order.state == "completed" and order.day < LAST_DAY - 8]
    said = set()
    for index in rng.permutation(len(done)):
        order = done[index]
        product = order.lines[int(rng.integers(len(order.lines)))].product
        stars = 1 + place_of(rng, STAR_SHARES)
        text = Text(kind, order, product, stars, min(order.day + 7 + int(rng.exponential(6)), LAST_DAY))
        {"review": _review, "chat": _chat, "follow_up": _follow_up}[kind](sentences, text)
        if text.zh not in said:
            said.add(text.zh)
            yield text
        if len(said) == count:
            return


def _review(sentences: Sentences, text: Text) -> None:
    if sentences.rng.random() < 0.45:
        text.say(sentences.one("open", "review", text.product))
    _opinion(sentences, text)
    _need(sentences, text)
    if sentences.rng.random() < 0.35 and text.stars != 3:
        text.say(sentences.one("close", "pos" if text.stars > 3 else "neg", text.product))


def _chat(sentences: Sentences, text: Text) -> None:
    rng = sentences.rng
    text.say(sentences.one("open", "chat", text.product))
    _need(sentences, text)
    if not text.need or rng.random() < 0.25:
        trouble = str(rng.choice([text.product.category, *SIDE_TOPICS]))
        tone, topic = ("ask", "order") if rng.random() < 0.6 else ("neg", trouble)
        text.say(sentences.one(tone, topic, text.product))
    if rng.random() < 0.6:
        text.say(sentences.one("close", "ask", text.product))


def _follow_up(sentences: Sentences, text: Text) -> None:
    text.say(sentences.one("open", "follow_up", text.product))
    _opinion(sentences, text)
    _need(sentences, text)


def _opinion(sentences: Sentences, text: Text) -> None:
    """One or two sentences that fit the stars; three stars praise the product and fault something else."""
    rng = sentences.rng
    main, side = text.product.category, str(rng.choice(SIDE_TOPICS))
    if text.stars == 3:
        text.say(sentences.one("pos", main, text.product))
        text.say(_joined(sentences.one("but", "any", text.product), sentences.one("neg", side, text.product)))
        return
    shown = [main, side] if rng.random() < 0.45 else [main] if rng.random() < 0.85 else [side]
    for topic in rng.permutation(shown):
        text.say(sentences.one("pos" if text.stars > 3 else "neg", str(topic), text.product))


def _joined(first: dict[str, str], second: dict[str, str]) -> dict[str, str]:
    """A linking word and a sentence, which goes on in lower case unless it begins with I."""
    english = second["en"] if second["en"].startswith("I ") else second["en"][0].lower() + second["en"][1:]
    return {**second, "zh": first["zh"] + second["zh"], "en": first["en"] + english}


def _need(sentences: Sentences, text: Text) -> None:
    if sentences.rng.random() < NEED_SHARE[text.kind]:
        sentence = sentences.need(text.product)
        text.say(sentence)
        text.need = cited(sentence)


def cited(sentence: dict[str, str]) -> dict[str, str]:
    """A need and the sentence that says it."""
    return {"need": sentence["topic"], "span_zh": sentence["zh"], "span_en": sentence["en"]}


def _plant(sentences: Sentences, text: Text, people: pd.DataFrame) -> None:
    """Add a sentence with the customer's name or an invented contact, and note what was planted."""
    rng, person = sentences.rng, people.loc[text.order.customer_id]
    kind = str(rng.choice(CODES["personal"], p=(0.45, 0.25, 0.3)))
    if kind == "name":
        values = {"zh": person["name"], "en": person["pinyin"]}
    elif kind == "phone":
        values = dict.fromkeys(("zh", "en"), _phone(rng))
    else:
        values = dict.fromkeys(
            ("zh", "en"), f"{person['pinyin'].split()[0].lower()}.test{rng.integers(100)}@shop.example"
        )
    sentence = sentences.one("personal", kind, text.product)
    text.pairs.append(tuple(sentence[lang].format(value=value) for lang, value in values.items()))
    same = values["zh"] == values["en"]
    planted = {"both": values["zh"]} if same else values
    text.personal += [{"kind": kind, "lang": lang, "string": value} for lang, value in planted.items()]


def _phone(rng: np.random.Generator) -> str:
    """An unusable number, written with or without gaps as people do."""
    digits = f"120{rng.integers(10**8):08d}"
    gap = str(rng.choice(["", "", " ", "-"]))
    return gap.join((digits[:3], digits[3:7], digits[7:]))


def plant_decoys(sentences: Sentences, texts: list[Text]) -> None:
    """Sentences at the end of texts that name no other need: needs declined, needs with two negations, and praise by
    negation in texts without a complaint."""
    order = [texts[place] for place in sentences.rng.permutation(len(texts)) if not texts[place].need]
    content = [text for text in order if not text.complaints and text.kind != "chat" and text.stars > 3]
    for tone, count in DECOYS.items():
        for text in (content if tone == "praise" else order)[-count:]:
            sentence = sentences.any_of(tone, text.product)
            text.say(sentence)
            text.need = cited(sentence) if tone == "need_twice" else text.need
            text.declined = cited(sentence) if tone == "decline" else text.declined
        order, content = ([text for text in rest if not (text.declined or text.need)] for rest in (order, content))
