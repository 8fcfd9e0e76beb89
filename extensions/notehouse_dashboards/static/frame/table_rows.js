// The rows of a table: read from what the notebook drew, put in order, searched, and written as it writes them.

const DECIMALS = 6;
const NUMBER = /^-?[\d,]*\.?\d+(e[+-]?\d+)?%?$/i;
const MISSING = new Set(["", "None", "NaN", "NaT", "<NA>", "null"]);

/** Returns what a table of one head line and one index column holds, or nothing for one of another shape. */
export function readTable(table) {
  const [head, ...more] = table.tHead?.rows ?? [];
  if (!head || more.length || table.querySelector("[rowspan], [colspan]")) return null;
  const lines = [...(table.tBodies[0]?.rows ?? [])];
  const indexed = lines.length ? lines[0].cells[0]?.tagName === "TH" : head.cells[0]?.textContent === "";
  const texts = (row) => [...row.cells].map((cell) => cell.textContent.trim());
  const cut = lines.findIndex((row) => texts(row).every((text) => text === "..." || text === "…"));
  const rows = lines.filter((_, place) => place !== cut).map(texts);
  if (rows.some((row) => row.length !== head.cells.length)) return null;
  const names = texts(head);
  const from = indexed ? 1 : 0;
  const columns = names.slice(from).map((name, place) => ({ name, type: typeOf(rows, place + from) }));
  return { columns, rows: rows.map((row) => ({ label: indexed ? row[0] : null, values: row.slice(from) })), cut };
}

function typeOf(rows, place) {
  const texts = rows.map((row) => row[place]).filter((text) => !MISSING.has(text));
  return texts.length && texts.every((text) => NUMBER.test(text)) ? "Float64" : "String";
}

/** Returns the rows of an answer, each with the number that it has in the notebook. */
export function readAnswer({ columns, rows, page = 1, whole }, pageRows) {
  const first = whole ? 0 : (page - 1) * pageRows;
  const writers = columns.map(({ type }, place) => writer(type, rows, place));
  return rows.map((row, index) => ({ label: String(first + index), values: row.map((value, i) => writers[i](value)) }));
}

/** Returns rows in the order of a column: numbers by size, the rest by their letters, what is missing last. */
export function inOrder(rows, { type }, place, descending) {
  const numeric = /^(LowCardinality\()?(Nullable\()?(U?Int|Float|Decimal|BFloat)/.test(type);
  const key = ({ values }) => {
    const text = values[place];
    if (MISSING.has(text)) return null;
    return numeric ? Number(text.replace(/[,%]/g, "")) : text;
  };
  const keyed = rows.map((row) => [key(row), row]);
  keyed.sort(([a], [b]) => {
    if (a === null || b === null) return (a === null) - (b === null);
    return (a < b ? -1 : a > b ? 1 : 0) * (descending ? -1 : 1);
  });
  return keyed.map(([, row]) => row);
}

/** Returns the rows that have a word somewhere, in capitals or not. */
export function holding(rows, word) {
  const wanted = word.toLocaleLowerCase();
  return rows.filter(({ values }) => values.some((text) => text.toLocaleLowerCase().includes(wanted)));
}

/** Returns what writes the values of a column: fractions all with as many digits as one of them needs. */
function writer(type, rows, index) {
  if (!/Float/.test(type))
    return (value) => (value === null ? "None" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const digits = (value) => String(Math.round(value * 10 ** DECIMALS) / 10 ** DECIMALS).split(".")[1]?.length ?? 0;
  const most = Math.max(1, ...rows.map((row) => (row[index] === null ? 0 : Math.min(digits(row[index]), DECIMALS))));
  return (value) => (value === null ? "NaN" : Number(value).toFixed(most));
}
