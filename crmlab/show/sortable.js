// The rows in the order that the reader asks for: by place (numbers, moments), else by the words of the language.
function draw({ model, el }) {
  const cells = model.get("cells"), headings = model.get("headings"), words = model.get("words");
  const numbers = model.get("numbers"), places = model.get("places");
  const collator = new Intl.Collator(model.get("lang"), { numeric: true });
  const side = (column) => (numbers[column] ? { class: "number" } : {});
  const said = make("p", { role: "status", "aria-live": "polite" }, words.how);
  const body = make("tbody");
  let by = -1, down = false;

  const compare = (one, other) => {
    const column = places[by];
    const [first, second] = [one, other].map((row) => (column ? column[row] : cells[row][by] || null));
    if (first === null || second === null) return (first === null) - (second === null);
    const more = column ? first - second : collator.compare(first, second);
    return down ? -more : more;
  };
  const show = () => {
    const order = cells.map((_, row) => row);
    if (by >= 0) order.sort(compare);
    body.replaceChildren(...order.slice(0, model.get("rows")).map((row) =>
      make("tr", {}, ...cells[row].map((text, column) => make("td", side(column), text)))));
    heads.forEach((head, column) =>
      head.setAttribute("aria-sort", column !== by ? "none" : down ? "descending" : "ascending"));
  };
  const heads = headings.map((heading, column) => {
    const button = make("button", { type: "button" }, heading, make("span", { "aria-hidden": "true" }));
    button.addEventListener("click", () => {
      if (by !== column) [by, down] = [column, false];
      else if (!down) down = true;
      else [by, down] = [-1, false];
      show();
      const how = by < 0 ? words.given : down ? words.descending : words.ascending;
      said.textContent = how.replace("{heading}", heading);
    });
    return make("th", { scope: "col", ...side(column) }, button);
  });
  show();
  const table = make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body);
  el.append(said, make("div", { class: "wide" }, table), make("p", {}, model.get("more")));
  el.classList.add("crmlab-sortable");
}
