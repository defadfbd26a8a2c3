// R, F, M, thresholds and marks of one setting, as crmlab/explorer/state.py computes them, from the orders in the page.

const INDICATORS = ["recency_days", "frequency", "monetary"];
const FOREVER = 2 ** 22;

function unpack(text, asOf) {
  const packed = JSON.parse(text), size = packed.since.length;
  const since = Int32Array.from(packed.since, (ago) => asOf - ago);
  const until = new Int32Array(size).fill(FOREVER);
  for (const [place, ago] of packed.ends) until[place] = asOf - ago;
  const purchase = new Uint8Array(size).fill(1);
  for (const place of packed.others) purchase[place] = 0;
  return {
    since, until, purchase,
    customers: packed.customers,
    places: new Map(packed.customers.map((customer, place) => [customer, place])),
    counts: packed.counts,
    day: Int32Array.from(packed.before, (days, place) => since[place] - days),
    money: Float64Array.from(packed.money),
  };
}

// The customers at one setting: `place` says which they are; `values` and `up` hold a column per indicator.
function typed(orders, population, { as_of: today, window, split }) {
  const { since, until, day, money, purchase, counts } = orders;
  const first = window === null ? 0 : today - window + 1;
  const place = [], values = INDICATORS.map(() => []);
  for (let customer = 0, row = 0; customer < counts.length; customer += 1) {
    let last = 0, bought = 0, spent = 0;
    for (const end = row + counts[customer]; row < end; row += 1) {
      if (since[row] > today || until[row] <= today) continue;
      const inside = day[row] >= first;
      if (inside) spent += money[row];
      if (inside && purchase[row]) bought += 1;
      if (purchase[row] && (inside || population === "history")) last = Math.max(last, day[row]);
    }
    if (!last) continue;
    place.push(customer);
    [today - last, bought, spent].forEach((value, number) => values[number].push(value));
  }
  if (!place.length) return null;
  const found = INDICATORS.map((name, number) => threshold(name, values[number], split));
  const up = found.map((limit, number) => values[number].map(limit.isUp));
  return { place, values, found, up, code: place.map((_, at) => 4 * up[0][at] + 2 * up[1][at] + Number(up[2][at])) };
}

function threshold(name, values, split) {
  const count = BigInt(values.length);
  if (split === "quantile") return scored(name, values);
  let method = split, value;
  if (split === "mean") value = [BigInt(values.reduce((sum, one) => sum + one, 0)), count];
  else if (split === "median") [value] = cutPoints(values, [1], 2);
  else [method, value] = ["fixed", [BigInt(split[name]), 1n]];
  const from = Number(ceiling(...value));
  return { method, value, from, isUp: (one) => one >= from };
}

function scored(name, values) {
  const small = name === "recency_days";
  const limits = cutPoints(values, [1, 2, 3, 4], 5).map((cut) =>
    Number(small ? ceiling(...cut) - 1n : floor(...cut) + 1n),
  );
  const score = (one) => 1 + limits.filter((limit) => (small ? one <= limit : one >= limit)).length;
  const total = values.reduce((sum, one) => sum + score(one), 0);
  const value = [BigInt(total), BigInt(values.length)];
  const [atMost, atLeast] = [Number(floor(...value)), Number(ceiling(...value))];
  const isUp = (one) => (small ? score(one) <= atMost : score(one) >= atLeast);
  const marked = values.filter(isUp);
  const from = marked.length ? marked.reduce((least, one) => Math.min(least, one)) : null;
  return { method: "quantile", value, from, isUp, score };
}

// Quantiles at k / parts by linear interpolation between order statistics, exact.
function cutPoints(values, steps, parts) {
  const ranked = Float64Array.from(values).sort(), last = ranked.length - 1;
  return steps.map((step) => {
    const below = Math.floor((last * step) / parts), rest = BigInt((last * step) % parts);
    const [low, high] = [ranked[below], ranked[Math.min(below + 1, last)]].map(BigInt);
    return [low * BigInt(parts) + (high - low) * rest, BigInt(parts)];
  });
}

// One customer of a state, or null.
function rowOf(state, place) {
  const at = state && place !== undefined ? state.place.indexOf(place) : -1;
  if (at < 0) return null;
  const own = INDICATORS.map((_, number) => state.values[number][at]);
  return {
    values: own.map(String),
    up: state.up.map((column) => column[at]),
    scores: state.found.map((limit, number) => limit.score?.(own[number]) ?? null),
    code: state.code[at],
  };
}

// All that is drawn and said of one setting, in the shape of crmlab/explorer/answer.py.
function answered(orders, given, setting, customer) {
  const place = orders.places.get(idOf(customer, given.whole_ids));
  const state = typed(orders, given.population, setting);
  orders.start ??= typed(orders, given.population, given.start);
  const reply = { setting, customer, known: place !== undefined, size: state?.place.length ?? 0 };
  if (!state) return reply;
  const customers = Array(8).fill(0), spent = Array(8).fill(0);
  state.code.forEach((code, at) => {
    customers[code] += 1;
    spent[code] += state.values[2][at];
  });
  const total = spent.reduce((sum, one) => sum + one);
  return {
    ...reply,
    limits: state.found.map(({ from }) => (from === null ? null : String(from))),
    thresholds: state.found.map(({ method, value }) => ({ method, value: value.map(String) })),
    counted: given.combinations.map(({ code }) => [
      customers[code], String(spent[code]), customers[code] / reply.size, total > 0 ? spent[code] / total : null,
    ]),
    map: grid(state.values[0], state.values[1], given.most_columns, given.most_rows),
    row: rowOf(state, place),
    before: rowOf(orders.start, place)?.code ?? null,
  };
}

function idOf(typedIn, whole) {
  const text = typedIn.trim();
  return whole && /^-?\d+$/.test(text) ? String(BigInt(text)) : text;
}

function grid(recency, frequency, mostColumns, mostRows) {
  const most = (column) => column.reduce((high, one) => Math.max(high, one));
  const low = frequency.reduce((least, one) => Math.min(least, one)), high = most(frequency), longest = most(recency);
  const ratio = (high + 2) / (low + 1);
  const edge = (step) => Math.round((low + 1) * ratio ** (step / mostRows) - 1);
  const bands = [...new Set(Array.from({ length: mostRows + 1 }, (_, step) => edge(step)))];
  const columns = Math.min(mostColumns, longest + 1), rows = bands.length - 1;
  const held = Array(rows * columns).fill(0);
  recency.forEach((days, at) => {
    const upward = bands.findLastIndex((band) => band <= frequency[at]);
    held[upward * columns + Math.floor((days * columns) / (longest + 1))] += 1;
  });
  return { low, high, longest, columns, bands, held };
}
