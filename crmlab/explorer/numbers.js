// Numbers as Python writes them: exact fractions of BigInt, ties to the even digit, thousands with commas.

const thousands = (whole) => String(whole).replace(/\B(?=(\d{3})+$)/g, ",");
const iso = (day) => new Date((day - 719163) * 864e5).toISOString().slice(0, 10);
const fill = (template, values = {}) =>
  template.replace(/\{(\w+)(:,)?\}/g, (_, name, comma) => (comma ? thousands(values[name]) : values[name]));

function rounded(numerator, denominator) {
  const size = numerator < 0n ? -numerator : numerator;
  const whole = size / denominator, rest = 2n * (size % denominator);
  const near = whole + (rest > denominator || (rest === denominator && whole % 2n) ? 1n : 0n);
  return numerator < 0n ? -near : near;
}

function ceiling(numerator, denominator) {
  return numerator / denominator + (numerator > 0n && numerator % denominator ? 1n : 0n);
}

const floor = (numerator, denominator) => -ceiling(-numerator, denominator);

function written([numerator, denominator], decimals, grouped = thousands) {
  const digits = String(rounded(numerator * 10n ** BigInt(decimals), denominator)).replace("-", "");
  const padded = digits.padStart(decimals + 1, "0"), cut = padded.length - decimals;
  return (numerator < 0n ? "-" : "") + grouped(padded.slice(0, cut)) + (decimals ? "." + padded.slice(cut) : "");
}

// A double is a whole number over a power of two.
function exactly(double) {
  let denominator = 1n;
  for (; !Number.isInteger(double); double *= 2) denominator *= 2n;
  return [BigInt(double), denominator];
}

const percent = (share) => (share === null ? "–" : written(exactly(share * 100), 1, String) + "%");

// A threshold beside a value: as many decimals as it takes to tell them apart.
function besideValue([numerator, denominator], value) {
  const shown = exactly(Number(numerator) / Number(denominator));
  let decimals = 2;
  const looksSame = () => rounded(shown[0] * 10n ** BigInt(decimals), shown[1]) === value * 10n ** BigInt(decimals);
  while (numerator !== value * denominator && decimals < 12 && looksSame()) decimals += 1;
  return written(shown, decimals);
}

// Minor units as people write money; beside a value, with the decimals that tell them apart.
function money([numerator, denominator], { places, before, after }, value = null) {
  const scale = 10n ** BigInt(places), sign = numerator < 0n ? 1 : 0;
  const differs = (decimals) =>
    rounded(numerator * 10n ** BigInt(decimals), denominator * scale) * scale !== value * 10n ** BigInt(decimals);
  let decimals = places;
  if (value !== null && numerator !== value * denominator && rounded(numerator, denominator) === value) {
    const more = Array.from({ length: 10 }, (_, step) => places + 1 + step);
    decimals = more.find(differs) ?? places;
  }
  const text = written([numerator, denominator * scale], decimals).replace("-", "");
  return before[sign] + text + after[sign];
}
