// The controls of the explorer: native elements with labels, all of them in step with the model.

const LARGEST = 1e12;
let panels = 0;

function controls(model, given) {
  const { words, span, first, start } = given, today = start.as_of;
  const own = `crmlab-explorer-${(panels += 1)}`, scale = 10 ** given.money.places;
  const place = make("div", { class: "controls" });
  const panel = { place, answer: null };
  const send = (values) => {
    model.set(values);
    model.save_changes();
  };
  const field = (name, text, ...elements) => {
    elements[0].id = `${own}-${name}`;
    const title = make("label", { for: elements[0].id }, text);
    for (const other of elements.slice(1)) other.setAttribute("aria-label", text);
    place.append(title, ...elements, ...(elements.length < 2 ? [make("span")] : []));
    return [title, ...elements];
  };

  const bounds = { min: 1, max: span, step: 1 };
  const [, slider, days] = field(
    "window", words["explorer.window"],
    make("input", { type: "range", ...bounds }), make("input", { type: "number", ...bounds }),
  );
  slider.addEventListener("input", () => send({ window: Number(slider.value) }));
  days.addEventListener("input", () => days.validity.valid && days.value && send({ window: Number(days.value) }));

  const [dated, back, day] = field(
    "as_of", "",
    make("input", { type: "range", min: -first, max: 0, step: 1 }),
    make("input", { type: "date", min: iso(today - first), max: iso(today) }),
  );
  back.addEventListener("input", () => send({ back: Number(back.value) }));
  day.addEventListener("input", () => {
    if (day.validity.valid && day.value) send({ back: Math.round(Date.parse(day.value) / 864e5) + 719163 - today });
  });

  const choices = ["mean", "median", "quantile", "fixed"];
  const options = choices.map((key) => make("option", { value: key }, words[`explorer.split.${key}`]));
  const [, split] = field("split", words["explorer.split"], make("select", {}, ...options));
  split.addEventListener("change", () => {
    const from = INDICATORS.map((name, at) => [name, Number(panel.answer?.limits?.[at] ?? 0)]);
    send(split.value === "fixed" ? { split: "fixed", limits: Object.fromEntries(from) } : { split: split.value });
  });

  const hands = INDICATORS.map((name) => {
    const units = name === "monetary" ? scale : 1, text = fill(words[`explorer.${name}`], { unit: given.unit });
    const edges = { min: -LARGEST, max: LARGEST, step: name === "monetary" ? "any" : 1 };
    const [title, input] = field(name, text, make("input", { type: "number", ...edges }));
    input.addEventListener("input", () => {
      if (!input.validity.valid || !input.value) return;
      send({ limits: { ...model.get("limits"), [name]: Math.round(Number(input.value) * units) } });
    });
    return { name, units, title, input, after: input.nextSibling };
  });

  const list = make("datalist", { id: `${own}-list` }, ...given.suggested.map((value) => make("option", { value })));
  const [, customer] = field("customer", words["explorer.customer"], make("input", { type: "text", list: list.id }));
  customer.addEventListener("change", () => send({ customer: customer.value }));
  place.append(list);

  // What the model says, except where somebody is typing the same number.
  const put = (input, value) => {
    if (input.value === "" || Number(input.value) !== value || input.type === "range") input.value = value;
  };
  panel.follow = () => {
    const now = today + model.get("back"), byHand = model.get("split") === "fixed";
    put(slider, model.get("window"));
    put(days, model.get("window"));
    put(back, model.get("back"));
    dated.textContent = fill(words["explorer.as_of"], { as_of: iso(now) });
    day.setAttribute("aria-label", dated.textContent);
    back.setAttribute("aria-valuetext", iso(now));
    if (day.value !== iso(now)) day.value = iso(now);
    split.value = model.get("split");
    for (const { name, units, title, input, after } of hands) {
      for (const part of [title, input, after]) part.hidden = !byHand;
      put(input, model.get("limits")[name] / units);
    }
    if (customer.value !== model.get("customer")) customer.value = model.get("customer");
  };
  return panel;
}
