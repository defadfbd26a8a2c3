"""A verdict in words."""

from typing import TYPE_CHECKING

from crmlab.money import format_money
from crmlab.show.table import code_word
from crmlab.words import word

if TYPE_CHECKING:
    from crmlab.track.effects import Effect
    from crmlab.track.verdict import Verdict


def say(verdict: "Verdict", lang: str) -> str:
    """The decision, the comparison, both effects, cost, what to beware of, and the methods: one line each."""
    campaign = verdict.campaign
    lines = [_decision(verdict, lang)]
    if verdict.simulated:
        lines.append(word("track.simulated", lang))
    lines.append(word("track.compared", lang, name=campaign.name, first=campaign.starts_on, last=campaign.ends_on,
                      **verdict.compared))  # fmt: skip
    if len(verdict.campaign.strata) > int(verdict.campaign.strata["compared"].sum()):
        small = campaign.strata[~campaign.strata["compared"]]
        lines.append(word("track.small_strata", lang, strata=len(small), customers=int(small["customers"].sum())))
    if verdict.reason != "few":
        lines += [_share(verdict, lang), _money("money", verdict.money, verdict, lang)]
        if verdict.cost:
            lines += [_cost(verdict, lang), _money("gain", verdict.gain, verdict, lang)]
        lines.append(_by_stratum(verdict, lang))
    lines += _beware(verdict, lang)
    if verdict.reason != "few":
        lines.append(word("track.methods", lang))
    return "\n".join(lines)


def _share(verdict: "Verdict", lang: str) -> str:
    effect = verdict.share
    points = {"estimate": effect.estimate, "low": effect.low, "high": effect.high}
    return word("track.share", lang, treated=effect.treated, held_out=effect.held_out,
                **{name: 100 * value for name, value in points.items()})  # fmt: skip


def _money(key: str, effect: "Effect", verdict: "Verdict", lang: str) -> str:
    names = ("treated", "held_out", "estimate", "low", "high")
    money = {name: format_money(round(getattr(effect, name)), verdict.currency, lang) for name in names}
    return word(f"track.{key}", lang, **money)


def _cost(verdict: "Verdict", lang: str) -> str:
    row = verdict.costs.iloc[0]
    known = row.notna()
    each = [
        word(f"track.per_{name}", lang, money=format_money(int(row[f"cost_per_{name}"]), verdict.currency, lang))
        if known[f"cost_per_{name}"]
        else word(f"track.no_{name}", lang)
        for name in ("response", "extra")
    ]
    return word("track.cost", lang, cost=format_money(verdict.cost, verdict.currency, lang), each="".join(each))


def _by_stratum(verdict: "Verdict", lang: str) -> str:
    looked = int(verdict.table["p_holm"].notna().sum())
    shown = verdict.shown
    if shown.empty:
        return word("track.none_shown", lang, strata=looked)
    listed = [
        word("track.one_shown", lang, stratum=code_word("stratum", row.stratum, lang), points=100 * row.extra_share,
             p=row.p_holm)
        for row in shown.itertuples()
    ]  # fmt: skip
    return word("track.some_shown", lang, strata=looked, listed=word("list.semicolon", lang).join(listed))


def _beware(verdict: "Verdict", lang: str) -> list[str]:
    lines = []
    if quiet := (verdict.campaign.ends_on - verdict.last_order).days:
        lines.append(word("track.quiet", lang, last=verdict.last_order, days=quiet))
    if verdict.contacted_share < 1:
        lines.append(word("track.reached", lang, share=verdict.contacted_share))
    if len(verdict.contaminated):
        lines.append(word("track.contaminated", lang, count=len(verdict.contaminated)))
    if len(verdict.overlapping):
        lines.append(word("track.overlapping", lang, count=verdict.overlapping[verdict.campaign.customer].nunique()))
    return lines


def _decision(verdict: "Verdict", lang: str) -> str:
    decided = word(
        "track.decided",
        lang,
        decision=word(f"track.decision.{verdict.decision}", lang),
        reason=word(f"track.reason.{verdict.reason}", lang, worthwhile=100 * verdict.campaign.worthwhile),
    )
    if verdict.decision != "not_enough":
        return decided
    needed = verdict.needed
    need = word("track.would_need", lang, **needed) if needed else word("track.no_need_known", lang)
    return f"{decided}\n{need}"
