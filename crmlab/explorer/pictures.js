// Bars, map and table of one answer, as crmlab/explorer/draw.py draws them for where nothing is alive.

const label = (x, y, text, anchor = "start") => shape("text", { x, y, "text-anchor": anchor, "font-size": 15 }, text);

const inside = (colour, opacity) => ({ fill: colour, stroke: colour, "fill-opacity": opacity });

// Two bars per combination, customers above money, in the colour of the combination.
function bars(answer, { combinations, words, blue }) {
  const left = 225, width = 245, high = 42;
  const full = Math.max(0.4, ...answer.counted.flatMap(([, , customers, money]) => [customers, money]));
  const drawn = combinations.flatMap(({ marks, name, colour }, row) => {
    const top = 30 + row * high, [, , customers, money] = answer.counted[row];
    const bar = (share, down, opacity) => {
      const long = (Math.max(share, 0) / full) * width;
      return [
        shape("rect", { x: left, y: top + down, width: long, height: 15, ...inside(colour, opacity) }),
        label(left + long + 5, top + down + 13, percent(share)),
      ];
    };
    return [
      shape("text", { x: 0, y: top + 15 }, marks), label(0, top + 33, name),
      ...bar(customers, 3, 1), ...bar(money, 20, 0.45),
    ];
  });
  const keys = [[left, "customers", 1], [left + 165, "money", 0.45]].flatMap(([x, about, opacity]) => [
    shape("rect", { x, y: 7, width: 13, height: 13, ...inside(blue, opacity) }),
    shape("text", { x: x + 19, y: 19 }, words[`explorer.${about}`]),
  ]);
  const best = (column) => answer.counted.reduce((most, own, at, all) => (own[column] > all[most][column] ? at : most), 0);
  const [most, rich] = [best(2), best(3)];
  const alt = fill(words["explorer.bars_alt"], {
    most: combinations[most].marks, customers: percent(answer.counted[most][2]),
    rich: combinations[rich].marks, money: percent(answer.counted[rich][3]),
  });
  return picture(540, 30 + high * combinations.length, alt, [...keys, ...drawn]);
}

// How many customers lie where: recency to the right, frequency upward, thresholds dashed, the chosen one a dot.
function map(answer, { words, blue, orange }, limitTexts) {
  const { low, high, longest, columns, bands, held } = answer.map;
  const left = 56, top = 30, wide = 410, tall = 272, rows = bands.length - 1, under = top + tall + 18;
  const across = wide / columns, upward = tall / rows, fullest = Math.max(...held);
  const toRight = (days) => left + (days / (longest + 1)) * wide;
  const toTop = (orders) => {
    const row = Math.max(bands.findLastIndex((band) => band <= orders), 0);
    const part = row < rows ? (orders - bands[row]) / (bands[row + 1] - bands[row]) : 0;
    return top + tall - Math.max(row + part, 0) * upward;
  };
  const drawn = held.flatMap((count, cell) => {
    const column = cell % columns, row = (cell - column) / columns;
    const place = { x: left + column * across, y: top + (rows - 1 - row) * upward, width: across, height: upward };
    return count ? [shape("rect", { ...place, fill: blue, opacity: 0.1 + 0.9 * Math.sqrt(count / fullest) })] : [];
  });
  const dashed = (x1, x2, y1, y2) =>
    shape("line", { x1, x2, y1, y2, stroke: "currentColor", "stroke-width": 1.5, "stroke-dasharray": "5 3" });
  const [days, orders] = answer.limits.map((limit) => (limit === null ? NaN : Number(limit)));
  if (days >= 0 && days <= longest) {
    const x = toRight(days);
    drawn.push(dashed(x, x, top, top + tall), label(x, top - 5, `R↑ ${limitTexts.recency_days}`, "middle"));
  }
  if (orders >= low && orders <= high) {
    const y = toTop(orders);
    drawn.push(dashed(left, left + wide, y, y), label(left + wide + 4, y + 5, `F↑ ${limitTexts.frequency}`));
  }
  if (answer.row) {
    const [recency, frequency] = answer.row.values.map(Number);
    const look = { r: 7, fill: orange, stroke: "currentColor", "stroke-width": 2 };
    drawn.push(shape("circle", { cx: toRight(recency + 0.5), cy: toTop(frequency + 0.5), ...look }));
  }
  const middle = top + tall / 2, turned = { "text-anchor": "middle", transform: `rotate(-90 16 ${middle})` };
  drawn.push(
    shape("rect", { x: left, y: top, width: wide, height: tall, fill: "none", stroke: "currentColor", opacity: 0.4 }),
    label(left, under, "0"),
    label(left + wide, under, thousands(longest), "end"),
    label(left - 6, top + tall, thousands(low), "end"),
    label(left - 6, top + 13, thousands(high), "end"),
    shape("text", { x: left + wide / 2, y: under + 18, "text-anchor": "middle" }, words["explorer.days"]),
    shape("text", { x: 16, y: middle, ...turned }, words["explorer.orders"]),
  );
  const told = fill(words["explorer.map_alt"], { days: limitTexts.recency_days, orders: limitTexts.frequency });
  return picture(left + wide + 74, under + 28, told + (answer.row ? words["explorer.map_dot"] : ""), drawn);
}

function picture(width, height, alt, drawn) {
  return shape("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": alt }, ...drawn);
}

function table(answer, { combinations, heads, money: currency }) {
  const row = ({ marks, title, code }, at) => {
    const [customers, spent, ownShare, moneyShare] = answer.counted[at];
    const sum = money([BigInt(spent), 1n], currency);
    const cells = [marks, title, thousands(customers), percent(ownShare), sum, percent(moneyShare)];
    const look = answer.row?.code === code ? { class: "chosen" } : {};
    return make("tr", look, ...cells.map((cell) => make("td", {}, cell)));
  };
  const head = make("thead", {}, make("tr", {}, ...heads.map((text) => make("th", { scope: "col" }, text))));
  return make("div", { class: "wide" }, make("table", {}, head, make("tbody", {}, ...combinations.map(row))));
}
