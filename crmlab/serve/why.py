"""Why a customer has these features and these services: every cell back to its rule."""

from typing import TYPE_CHECKING, Any

from crmlab.errors import DataError
from crmlab.money import format_money
from crmlab.serve.allot import DECLINED, GIVEN, NEVER_FOR, NEVER_WITH, STATUS, WAITING
from crmlab.serve.catalogue import Service, asks
from crmlab.serve.signs import MARKS, kind_of, matches, shown_id, sign_word
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd

    from crmlab.serve.plan import Plan

SHOWN = ["column", "said", "rule", "evidence", "basis"]


def reasons(plan: "Plan", customer_id: Any) -> "pd.DataFrame":
    """See `Plan.why`."""
    import pandas as pd

    place = int(plan.places_of(pd.Series([customer_id]))[0])
    if place < 0:
        raise DataError("serve_no_customer", customer=shown_id(customer_id))
    customer = plan.customers.iloc[place]
    own = plan.features[plan.features["customer_id"] == customer]
    rows = []
    for feature in own.to_dict("records"):
        evidence = feature["evidence"]
        if kind_of(feature["rule"]) == MARKS:
            evidence = plan.result.explain(customer, plan.lang)
        rows.append(("customer_features", feature["feature"], feature["rule"], evidence, feature["basis"]))
    if own.empty:
        key = "not_personalised" if not plan.personalised else "no_feature" if plan.taking_part[place] else "not_agreed"
        rows.append(("customer_features", "", "", word(f"plan.why_{key}", plan.lang), ""))
    status = {one: int(values[place]) for one, values in plan.allotment.status.items()}
    signs = own["rule"].tolist()
    for wanted in (GIVEN, WAITING, DECLINED, NEVER_FOR, NEVER_WITH):
        rows += [_service(plan, one, wanted, place, signs, status)
                 for one in plan.allotment.services if status[one.service_id] == wanted]  # fmt: skip
    for edit in plan.edits[plan.edits["customer_id"] == str(customer)].to_dict("records"):
        about = {name: edit[name] for name in ("edited_by", "edited_on", "edited_why", "proposed")}
        said = word("plan.why_edit", plan.lang, **about)
        rows.append((edit["column"], edit["text"], "edit", said, ""))
    return pd.DataFrame(rows, columns=SHOWN)


def _service(
    plan: "Plan", service: Service, status: int, place: int, signs: list[str], statuses: dict[str, int]
) -> tuple:
    lang = plan.lang
    cost = format_money(service.cost, plan.catalogue.currency, lang)
    told = [word("plan.why_line", lang, line=service.line, applies=asks(service, lang), cost=cost)]
    if service.capacity is not None and status in (GIVEN, WAITING):
        own = int(plan.allotment.place[service.service_id][place])
        told.append(word(f"plan.why_{STATUS[status]}", lang, capacity=service.capacity, place=own,
                         ahead=own - service.capacity))  # fmt: skip
    if status == DECLINED:
        told.append(word("plan.why_declined", lang))
    if status == NEVER_FOR:
        found = [sign for sign in signs for code in service.never_for if matches(code, sign)]
        names = word("serve.or", lang).join(sign_word(one, lang) for one in found)
        told.append(word("plan.why_never_for", lang, signs=names))
    if status == NEVER_WITH:
        others = [other for other in plan.allotment.services if statuses[other.service_id] == GIVEN
                  and (other.service_id in service.never_with or service.service_id in other.never_with)]  # fmt: skip
        told.append(word("plan.why_never_with", lang, other=others[0].title[lang]))
    basis = " ".join(sign for sign in signs if any(matches(code, sign) for code in service.applies))
    return "service", service.title[lang], service.service_id, word("list.semicolon", lang).join(told), basis
