// Rows of a query as a table, and what a database said when it refused one.
import { element } from "./api.js";

const MOST_SHOWN = 1000;

/** A table of an answer of POST /queries; `caption` says what it is to those who do not see it. */
export function resultTable(answer, caption) {
  const names = answer.columns.map((column) =>
    element(
      "th",
      { scope: "col", className: isNumber(column.type) ? "number" : "" },
      column.name,
      element("span", { className: "type" }, column.type),
    ),
  );
  const rows = answer.rows
    .slice(0, MOST_SHOWN)
    .map((row) => element("tr", {}, ...row.map((value, index) => cell(value, answer.columns[index].type))));
  const table = element(
    "table",
    {},
    element("caption", { className: "visually-hidden" }, caption),
    element("thead", {}, element("tr", {}, ...names)),
    element("tbody", {}, ...rows),
  );
  return element("div", { className: "result", tabIndex: 0, role: "region", ariaLabel: caption }, table);
}

function isNumber(type) {
  return /^(Nullable\(|LowCardinality\()*(U?Int|Float|Decimal)/.test(type);
}

function cell(value, type) {
  const made = element("td", { className: isNumber(type) ? "number" : "" });
  if (value === null) made.append(element("span", { className: "null" }, "empty"));
  else made.textContent = typeof value === "object" ? JSON.stringify(value) : String(value);
  made.title = made.textContent;
  return made;
}

export function figures(answer) {
  const { rows_read: read, bytes_read: bytes, elapsed_ms: took, cached } = answer.statistics;
  const rows = `${answer.row_count.toLocaleString()} ${answer.row_count === 1 ? "row" : "rows"}${answer.truncated ? ", more not fetched" : ""}`;
  const shown = answer.row_count > MOST_SHOWN ? `, the first ${MOST_SHOWN.toLocaleString()} shown` : "";
  return `${rows}${shown} · ${took < 1000 ? `${Math.round(took)} ms` : `${(took / 1000).toFixed(1)} s`} · read ${read.toLocaleString()} rows, ${sizeOf(bytes)}${cached ? " · cached" : ""}`;
}

function sizeOf(bytes) {
  const step = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** step).toLocaleString(undefined, { maximumFractionDigits: 1 })} ${["B", "kB", "MB", "GB", "TB"][step]}`;
}

/** The line of a statement that the database did not like, with a mark under the place; null where it named none. */
export function markedPlace(sql, { line, column } = {}) {
  const text = line && sql.split("\n")[line - 1];
  if (text === undefined || !line) return null;
  const before = `${line} │ `;
  const mark = " ".repeat(before.length + Math.max(0, (column ?? 1) - 1));
  return [document.createTextNode(`${before}${text}\n${mark}`), element("mark", {}, "▲")];
}
