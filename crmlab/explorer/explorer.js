// Controls, and what follows them: words, pictures, table. The orders are in the page, or the kernel answers.

const PATIENCE = 3000;

function limitTexts(answer, currency) {
  const [days, orders, spent] = answer.limits;
  const plain = (limit) => (limit === null ? "–" : thousands(limit));
  const amount = spent === null ? "–" : money([BigInt(spent), 1n], currency);
  return { recency_days: plain(days), frequency: plain(orders), monetary: amount };
}

function aboutLines(answer, { words, sample, money: currency }) {
  const { as_of: today, window, split } = answer.setting;
  const span = { days: window, first: iso(today - window + 1), last: iso(today) };
  const lines = [
    fill(words["explorer.settings"], {
      as_of: iso(today),
      window: window === null ? words["explain.all_history"] : fill(words["explain.window"], span),
      split: words[`split.${typeof split === "string" ? split : "fixed"}`],
    }),
  ];
  if (sample) lines.push(fill(words["explorer.sample"], { of: sample[0], drawn: sample[1], seed: sample[2] }));
  if (answer.size)
    lines.push(fill(words["explorer.limits"], { customers: answer.size, ...limitTexts(answer, currency) }));
  return lines;
}

function sentence(answer, { words, combinations, money: currency }) {
  const { customer, row, before } = answer, named = { customer };
  if (!answer.known) return fill(words["explorer.unknown"], named);
  if (!answer.size) return words["explorer.nobody"];
  if (!row) return fill(words["explorer.absent"], named);
  const parts = INDICATORS.map((name, number) => [name, indicator(answer, number, words, currency)]);
  const { marks, title } = combinations.find(({ code }) => code === row.code);
  const then = before === null ? "new" : before === row.code ? "same" : "changed";
  const was = combinations.find(({ code }) => code === before);
  return (
    fill(words["explorer.typed"], { customer, marks, title, ...Object.fromEntries(parts) }) +
    fill(words["explorer.then"], { then: fill(words[`explorer.${then}`], was) })
  );
}

function indicator(answer, number, words, currency) {
  const name = INDICATORS[number], { up, scores, values } = answer.row, score = scores[number];
  const { method, value: parts } = answer.thresholds[number];
  const limit = parts.map(BigInt), value = BigInt(values[number]), spent = name === "monetary";
  const mark = "RFM"[number] + (up[number] ? "↑" : "↓"), toSide = (side) => words[`explain.${side}`];
  let shown;
  if (score !== null) {
    const [on, off] = number === 0 ? ["score_low", "score_high"] : ["at_least", "below"];
    const side = toSide(up[number] ? on : off);
    shown = fill(words["explain.scored"], { score, side, limit: besideValue(limit, BigInt(score)) });
  } else {
    const text = spent ? money(limit, currency, value) : besideValue(limit, value);
    shown = fill(words[`explain.${method}`], { side: toSide(up[number] ? "at_least" : "below"), limit: text });
  }
  return fill(words[`explain.${name}`], { value: spent ? money([value, 1n], currency) : value, shown, mark });
}

function draw({ model, el }) {
  const given = model.get("given"), { words } = given;
  const orders = model.get("orders") && unpack(model.get("orders"), given.start.as_of);
  const panel = controls(model, given);
  const told = make("div", { "aria-live": "polite" }), drawn = make("div", { class: "crmlab-explorer" });
  el.append(panel.place, told, drawn);
  let waiting = 0;

  const show = (answer) => {
    clearTimeout(waiting);
    const lines = [...aboutLines(answer, given), sentence(answer, given)];
    told.replaceChildren(...lines.map((line) => make("p", {}, line)));
    const parts = answer.size ? [bars(answer, given), map(answer, given, limitTexts(answer, given.money)), table(answer, given)] : [];
    drawn.replaceChildren(...parts);
    panel.answer = el.parentElement.answer = answer;
  };
  const wait = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => told.prepend(make("p", { role: "alert" }, words["explorer.waiting"])), PATIENCE);
  };
  let shown = "";
  const follow = () => {
    panel.follow();
    const setting = settingOf(model, given), customer = model.get("customer").trim();
    const asked = JSON.stringify([setting, customer]);
    if (asked === shown) return;
    shown = asked;
    if (orders) show(answered(orders, given, setting, customer));
    else wait();
  };
  const reply = () => show(model.get("answer"));
  const events = ["window", "back", "split", "limits", "customer"].map((name) => `change:${name}`);
  events.forEach((event) => model.on(event, follow));
  if (!orders) model.on("change:answer", reply);
  panel.follow();
  if (orders) follow();
  else reply();
  return () => {
    clearTimeout(waiting);
    events.forEach((event) => model.off(event, follow));
    model.off("change:answer", reply);
  };
}

function settingOf(model, given) {
  const days = model.get("window"), split = model.get("split");
  return {
    as_of: given.start.as_of + model.get("back"),
    window: given.all_history && days === given.span ? null : days,
    split: split === "fixed" ? model.get("limits") : split,
  };
}
