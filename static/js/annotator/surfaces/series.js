// A time series as columns: read from an object of columns, a list of records or CSV. Pure.

const LONGEST = 2_000_000;

/** {times: raw values, at: numbers in order, columns: Map(name → numbers)}; an Error with a sentence for what is none. */
export function readSeries(value, { timeColumn = "", sep = "," } = {}) {
  const table = toColumns(value, sep);
  const names = Object.keys(table);
  if (!names.length) throw new Error("There is no series in this task.");
  const length = Math.max(...names.map((name) => table[name].length));
  if (length > LONGEST) throw new Error(`A series has at most ${LONGEST.toLocaleString("en-US")} points.`);
  const given = timeColumn ? table[timeColumn] : null;
  if (timeColumn && !given) throw new Error(`There is no column “${timeColumn}”.`);
  const times = given ?? Array.from({ length }, (_, index) => index);
  const at = times.map(toNumber);
  if (at.some(Number.isNaN)) at.forEach((_, index) => (at[index] = index)); // times that cannot be read: one after the other
  const isSorted = at.every((time, index) => index === 0 || at[index - 1] <= time);
  if (!isSorted) at.forEach((_, index) => (at[index] = index));
  const columns = new Map(names.map((name) => [name, table[name].map((one) => (one === "" || one === null ? NaN : Number(one)))]));
  return { times, at, columns };
}

function toColumns(value, sep) {
  if (typeof value === "string") {
    const text = value.trim();
    if (/^[[{]/.test(text)) return toColumns(JSON.parse(text), sep);
    if (/^(https?:|\/|s3:|gs:)/.test(text) && !text.includes("\n")) throw new Error("This series is at another address. Import it with its values instead.");
    return readCsv(text, sep);
  }
  if (Array.isArray(value)) {
    const names = [...new Set(value.flatMap((row) => Object.keys(row ?? {})))];
    return Object.fromEntries(names.map((name) => [name, value.map((row) => row?.[name] ?? null)]));
  }
  if (value === null || typeof value !== "object") throw new Error("There is no series in this task.");
  return Object.fromEntries(Object.entries(value).filter(([, column]) => Array.isArray(column)));
}

function readCsv(text, sep) {
  const separator = sep === "\\t" || sep === "tab" ? "\t" : sep || ",";
  const [head, ...lines] = text.split(/\r?\n/).filter((line) => line.trim());
  const names = splitLine(head ?? "", separator);
  const rows = lines.map((line) => splitLine(line, separator));
  return Object.fromEntries(names.map((name, index) => [name, rows.map((row) => row[index] ?? "")]));
}

function splitLine(line, separator) {
  const cells = [];
  let cell = "";
  let isQuoted = false;
  for (const letter of line) {
    if (letter === '"') isQuoted = !isQuoted;
    else if (letter === separator && !isQuoted) cells.push(cell.trim()), (cell = "");
    else cell += letter;
  }
  return [...cells, cell.trim()];
}

/** A number as it is; a time as milliseconds, read as UTC where it names no zone. */
export function toNumber(time) {
  if (typeof time === "number") return time;
  const text = String(time).trim();
  if (text !== "" && Number.isFinite(Number(text))) return Number(text);
  const iso = text.replace(/^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(:\d\d(\.\d+)?)?)$/, "$1T$2Z");
  return Date.parse(iso);
}

/** Index of the point nearest to `place`; `at` is in order. */
export function findNearest(at, place) {
  let [low, high] = [0, at.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at[middle] < place) low = middle + 1;
    else high = middle;
  }
  return low > 0 && place - at[low - 1] <= at[low] - place ? low - 1 : low;
}

/** Lowest and highest value in each of `width` columns of pixels: [{low, high}], null where there is none. */
export function thinOut(at, values, from, to, width) {
  const bins = new Array(Math.max(1, Math.floor(width))).fill(null);
  const span = to - from || 1;
  for (let index = Math.max(0, findNearest(at, from) - 1); index < at.length && at[index] <= to + span / bins.length; index += 1) {
    const value = values[index];
    if (Number.isNaN(value)) continue;
    const bin = Math.min(bins.length - 1, Math.max(0, Math.floor(((at[index] - from) / span) * bins.length)));
    const found = bins[bin];
    if (!found) bins[bin] = { low: value, high: value };
    else if (value < found.low) found.low = value;
    else if (value > found.high) found.high = value;
  }
  return bins;
}
