"""The form in the notebook: filled in and sent without a browser, and readable without a kernel."""

import subprocess
import sys
from datetime import date
from importlib.resources import files

import pytest
from bs4 import BeautifulSoup

from crmlab.survey import code_answers
from crmlab.survey.questionnaire import questionnaire
from crmlab.words import LANGUAGES, word

DAY = date(2026, 6, 10)
NAMES = ("shopping", "satisfaction")


def fill(form, **given):
    for key, value in given.items():
        form.fields[key].value = value
    form.send.click()


@pytest.fixture
def form():
    return questionnaire("shopping").form("zh", on=DAY, customer_id="C0001")


def test_what_is_sent_stands_in_the_answers_and_thanks_are_said(form):
    fill(form, q1_last="month", q2_orders="0", q3_spend="500-1000", q4_other=" 多一点低糖零食 ")
    sent = form.answers.iloc[0]
    assert sent[["customer_id", "q1_last", "q2_orders", "q3_spend", "q4_other_zh"]].tolist() == [
        *("C0001", "month", "0", "500-1000", "多一点低糖零食"),
    ]
    assert sent["submitted_at"].date() == DAY
    assert form.answers["q4_other_en"].isna().all()
    assert form.asked.preamble["thanks"]["zh"] in form.said.value


def test_what_is_left_alone_is_skipped_and_never_is_not(form):
    fill(form)
    fill(form, q2_orders="0")
    assert form.answers["q2_orders"].isna().tolist() == [True, False]
    kept = form.asked.check(form.answers).kept
    assert kept[["q1_last", "q3_spend"]].isna().all(axis=None)
    assert kept["q2_orders"].isna().tolist() == [True, False]


def test_the_form_is_empty_again_after_sending_and_numbers_its_answers(form):
    fill(form, q1_last="week", q2_orders="2", q4_other="好")
    assert {field.value for field in form.fields.values()} == {""}
    fill(form, q1_last="month")
    assert form.answers["answer_id"].is_unique
    assert form.answers["q1_last"].tolist() == ["week", "month"]


@pytest.mark.parametrize("count", ["often", "2.5", "-1", "201", "两次", "½"])
def test_a_count_that_is_no_whole_number_is_not_sent_and_says_so(form, count):
    form.fields["q1_last"].value = "week"
    fill(form, q2_orders=count)
    assert len(form.answers) == 0
    assert word("survey.form.whole", "zh", number=2, low=0, high=200) in form.said.value
    assert form.fields["q1_last"].value == "week"


def test_full_width_digits_are_digits(form):
    fill(form, q2_orders="１２")
    assert form.answers["q2_orders"].tolist() == ["12"]


def test_a_reason_for_no_answer_goes_as_its_code(form):
    fill(form, q3_spend="-4")
    assert form.asked.missing_answers(form.answers).set_index("item").loc["q3_spend", "refused"] == 1
    assert form.asked.check(form.answers).kept["q3_spend"].isna().all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_option_can_be_sent_and_passes_the_check(name, lang):
    asked = questionnaire(name)
    form = asked.form(lang, on=DAY)
    choices = {key: field for key, field in form.fields.items() if hasattr(field, "options")}
    ticked = {key: [code for _, code in field.options] for key, field in choices.items()}
    for number in range(max(map(len, ticked.values()))):
        fill(form, **{key: codes[number] for key, codes in ticked.items() if number < len(codes)})
    for question in asked.questions:
        if question.key in ticked:
            assert set(question.options(lang)) | {""} <= set(ticked[question.key])
    found = asked.check(form.answers)
    assert len(found.listed) == 0
    assert len(found.kept) == len(form.answers) > 5
    assert all(found.kept[key].notna().any() for key in ticked)


def test_from_the_form_to_numbers(form):
    fill(form, q1_last="month", q2_orders="3", q3_spend="200-500")
    fill(form, q1_last="week")
    coded = code_answers(form.asked.check(form.answers).kept, as_of=date(2026, 6, 17))
    assert coded["recency_days"].tolist() == [19 + 7, round(3.5 + 7)]
    assert coded.loc[0, ["orders_per_quarter", "spend_per_quarter"]].tolist() == [3, 35_000]
    assert coded.loc[1, ["orders_per_quarter", "spend_per_quarter"]].isna().all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_without_a_kernel_the_questions_are_there_to_read(name, lang):
    asked = questionnaire(name)
    shown = asked.form(lang, on=DAY)._repr_mimebundle_()
    assert shown["application/vnd.jupyter.widget-view+json"]["model_id"]
    page = BeautifulSoup(shown["text/html"], "html.parser")
    assert {tag.name for tag in page(True)} == {"p", "strong", "ol", "li", "br"}
    assert len(page("li")) == len(asked.questions)
    for question, item in zip(asked.questions, page("li"), strict=True):
        for text in (question.wording[lang], *question.options(lang).values()):
            assert text in item.get_text()
            assert text in shown["text/plain"]
    assert asked.preamble["consent"][lang] in page.get_text()


def test_texts_of_ones_own_cannot_run_in_the_page(tmp_path):
    text = files("crmlab.survey").joinpath("shopping.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text.replace("Dear customer,", "<script>1</script>"), encoding="utf-8", newline="\n")
    form = questionnaire(path).form("en", on=DAY)
    assert "<script>" not in form._repr_mimebundle_()["text/html"]
    assert all("<script>" not in getattr(child, "value", "") for child in form.widget.children)


def test_widgets_load_with_the_form_only():
    code = "import sys, crmlab.survey.questionnaire, crmlab.survey.sending; print('ipywidgets' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
