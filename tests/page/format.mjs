// A second implementation of the way in which the page writes numbers, so that a wrong digit or unit is found. Does not know which number it is.
const NBSP = "\u00a0";
const MINUS = "\u2212";

function fixed(value, digits) {
  const text = Math.abs(value).toFixed(digits);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}

const signed = (value, digits) => (fixed(value, digits).startsWith(MINUS) ? "" : "+") + fixed(value, digits);

function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)}${NBSP}s`;
  const whole = Math.round(seconds);
  const units = [["d", 86400, 3600, "h"], ["h", 3600, 60, "min"], ["min", 60, 1, "s"]];
  const found = units.find(([, size]) => whole >= size);
  if (!found) return `${whole}${NBSP}s`;
  const [large, size, smallSize, small] = found;
  const rest = Math.floor((whole % size) / smallSize);
  return `${Math.floor(whole / size)}${NBSP}${large}${rest ? ` ${rest}${NBSP}${small}` : ""}`;
}

function grouped(value) {
  const text = fixed(value, 0);
  return text.length > 4 ? text.replace(/\B(?=(\d{3})+$)/g, "\u202f") : text;
}

function percent(value) {
  return `${fixed(value * 100, value !== 0 && Math.abs(value) < 0.01 ? 2 : 1)}${NBSP}%`;
}

const UNITS = {
  count: grouped,
  duration,
  percent,
  score: (value) => fixed(value, 1),
  hundredths: (value) => fixed(value, 2),
  rho: (value) => signed(value, 2),
  amount: (value) => Math.abs(value) < 100 ? fixed(value, 2) : grouped(value),
  "difference-duration": (value) => (value < 0 ? MINUS : "+") + duration(Math.abs(value)),
  "difference-percent": (value) => `${signed(value * 100, 1)}${NBSP}points`,
  "difference-score": (value) => `${signed(value, 1)}${NBSP}points`,
  "difference-hundredths": (value) => signed(value, 2),
  "difference-logarithm": (value) => `${signed(Math.expm1(value) * 100, 1)}${NBSP}%`,
};

// The size of a difference has no sign, and a part of one has no unit but that of a time.
for (const name of ["duration", "percent", "score", "hundredths"]) {
  UNITS[`size-${name}`] = (value) => UNITS[`difference-${name}`](Math.abs(value)).replace(/^\+/, "");
  UNITS[`part-${name}`] = (value) => UNITS[`difference-${name}`](value).replace(`${NBSP}points`, "");
}

export const text = (unit, value) => UNITS[unit](value);
