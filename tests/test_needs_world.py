"""What is planted to mislead: needs declined, needs with two negations, praise by negation, and complaints by topic."""

from collections import Counter

from world_rows import worlds

from crmlab.world.catalogue import read
from crmlab.world.voices import DECOYS

TOPICS = {"delivery", "package", "price", "service", "product"}


def sentences(tone):
    return {(row["topic"], row["zh"], row["en"]) for row in read("voices.csv") if row["tone"] == tone}


def test_declined_needs_stand_in_texts_that_ask_for_nothing_else():
    for world in worlds():
        texts = {row["text_id"]: row for row in world["texts"]}
        asking = {row["text_id"] for row in world["needs"]}
        assert len(world["declined"]) == DECOYS["decline"]
        assert not {row["text_id"] for row in world["declined"]} & asking
        for row in world["declined"]:
            assert (row["need"], row["span_zh"], row["span_en"]) in sentences("decline")
            assert texts[row["text_id"]]["text_zh"].endswith(row["span_zh"])
            assert texts[row["text_id"]]["text_en"].endswith(row["span_en"])


def test_two_negations_are_a_need_and_praise_is_no_complaint():
    for world in worlds():
        twice = {zh for _, zh, _ in sentences("need_twice")}
        praise = {zh for _, zh, _ in sentences("praise")}
        assert sum(row["span_zh"] in twice for row in world["needs"]) == DECOYS["need_twice"]
        praising = [row["text_id"] for row in world["texts"] if any(zh in row["text_zh"] for zh in praise)]
        assert len(praising) == DECOYS["praise"]
        assert not set(praising) & {row["text_id"] for row in world["complaints"]}


def test_complaints_are_the_sentences_of_complaint():
    topic_of = {zh: topic if topic in TOPICS else "product" for topic, zh, _ in sentences("neg")}
    for world in worlds():
        planted = {(row["text_id"], row["complaint"]) for row in world["complaints"]}
        stand = {
            (row["text_id"], topic) for row in world["texts"] for zh, topic in topic_of.items() if zh in row["text_zh"]
        }
        assert planted == stand
        assert set(Counter(topic for _, topic in planted)) == TOPICS
