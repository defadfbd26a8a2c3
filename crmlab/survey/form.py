"""A questionnaire to fill in inside a notebook, with a page to read where no kernel runs."""

from datetime import date
from html import escape
from typing import TYPE_CHECKING, Any
from unicodedata import normalize

from crmlab.survey import paper
from crmlab.words import word

if TYPE_CHECKING:
    import pandas as pd
    from ipywidgets import DOMWidget

    from crmlab.survey.question import Question
    from crmlab.survey.questionnaire import Questionnaire


class Form:
    """A form of one questionnaire. Whoever fills it in and sends it adds a row to `answers`.

    All of it works from the keyboard: Tab goes from question to question, the arrow keys choose, Enter on the
    button sends. A question left alone is skipped; a choice can be taken back with “no answer”. In a page without a
    kernel the questions are shown to be read.

    >>> from crmlab.survey.questionnaire import questionnaire
    >>> form = questionnaire("shopping").form("en", on=date(2026, 6, 17))
    >>> form.fields["q1_last"].value, form.fields["q2_orders"].value = "month", "0"
    >>> form.send.click()
    >>> form.answers[["customer_id", "q1_last", "q2_orders", "q3_spend"]].values.tolist()
    [['example', 'month', '0', nan]]
    """

    def __init__(self, asked: "Questionnaire", lang: str, *, on: date, customer_id: str):
        from ipywidgets import HTML, Button, VBox

        self.asked, self.lang, self.on, self.customer_id = asked, lang, on, customer_id
        self.fields: dict[str, Any] = {}
        self._rows: list[dict[str, Any]] = []
        title, *introduction = paper.opening(asked, lang)
        shown = [HTML(f"<strong>{escape(title)}</strong>"), *(HTML(escape(text)) for text in introduction)]
        for number, question in enumerate(asked.questions, start=1):
            self.fields[question.key] = self._field(question)
            wording = f"<strong>{number}. {escape(question.wording[lang])}</strong>"
            shown += [HTML("<br>".join([wording, *paper.hints(question, lang)])), self.fields[question.key]]
        self.send = Button(description=word("survey.form.send", lang), button_style="primary")
        self.send.on_click(self._sent)
        self.said = HTML()
        self.widget = VBox([*shown, self.send, self.said])

    @property
    def answers(self) -> "pd.DataFrame":
        """What was sent, a row per answer, raw: codes as text, missing where a question was skipped."""
        import pandas as pd

        frame = pd.DataFrame(self._rows, columns=list(self.asked.columns)).astype("str")
        return frame.assign(submitted_at=pd.to_datetime(frame["submitted_at"]).astype("datetime64[us]"))

    def _field(self, question: "Question") -> "DOMWidget":
        from ipywidgets import Layout, RadioButtons, Text, Textarea

        name = question.wording[self.lang]
        if question.kind == "text":
            return Textarea(tooltip=name, layout=Layout(width="90%"))
        if question.kind == "count":
            return Text(tooltip=name, layout=Layout(width="10em"))
        ticks = {label: code for code, label in paper.ticks(question, self.lang).items()}
        codes = {label: str(self.asked.missing.get(code, code)) for label, code in ticks.items()}
        options = [*codes.items(), (word("survey.form.skip", self.lang), "")]
        across = "horizontal" if question.kind == "scale" else "vertical"
        return RadioButtons(
            options=options, value="", tooltip=name, orientation=across, layout=Layout(width="max-content")
        )

    def _sent(self, _: Any) -> None:
        given = {key: normalize("NFKC", field.value).strip() for key, field in self.fields.items()}
        for number, question in enumerate(self.asked.questions, start=1):
            if question.kind == "count" and not _fits(question, given[question.key]):
                key = "survey.form.whole_open" if question.high is None else "survey.form.whole"
                self._say(word(key, self.lang, number=number, low=question.low, high=question.high))
                return
        columns = {
            f"{question.key}_{self.lang}" if question.kind == "text" else question.key: given[question.key] or None
            for question in self.asked.questions
        }
        answer_id = f"F{len(self._rows) + 1:04d}"
        self._rows.append(
            {"answer_id": answer_id, "customer_id": self.customer_id, "submitted_at": self.on.isoformat(), **columns}
        )
        for field in self.fields.values():
            field.value = ""
        thanks = self.asked.preamble["thanks"][self.lang]
        self._say(f"{thanks} {word('survey.form.sent', self.lang, count=len(self._rows))}")

    def _say(self, text: str) -> None:
        self.said.value = f'<p role="status">{escape(text)}</p>'

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        """The live form, and the page for places without a kernel."""
        live = self.widget._repr_mimebundle_() or {}
        return live | {"text/html": paper.page(self.asked, self.lang), "text/plain": paper.text(self.asked, self.lang)}


def _fits(question: "Question", text: str) -> bool:
    if not text:
        return True
    high = float("inf") if question.high is None else question.high
    return text.isascii() and text.isdecimal() and question.low <= int(text) <= high
