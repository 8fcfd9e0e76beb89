// A table in its tile, with rows that came by themselves; it looks as the notebook drew it.

const MOST = 60; // rows that stand on a page, as in a notebook
const ENDS = 5;
const DECIMALS = 6;

/** Draws a tile's table with other rows. */
export function drawTable(place, { columns, rows }) {
  const table = place.querySelector("table.dataframe") ?? made(place);
  const writers = columns.map(({ type }, index) => writer(type, rows, index));
  const shown = rows.length > MOST ? [...rows.slice(0, ENDS).entries(), null, ...lastOf(rows)] : [...rows.entries()];
  const body = document.createElement("tbody");
  for (const one of shown) {
    body.append(
      one
        ? line(
            String(one[0]),
            one[1].map((value, i) => writers[i](value)),
          )
        : line(
            "...",
            columns.map(() => "..."),
          ),
    );
  }
  const head = document.createElement("thead");
  head.append(
    line(
      "",
      columns.map(({ name }) => name),
      "th",
    ),
  );
  table.replaceChildren(head, body);
  const size = table.parentElement.querySelector(":scope > p");
  const words = rows.length > MOST ? `${rows.length} rows × ${columns.length} columns` : "";
  if (size) size.textContent = words;
}

function made(place) {
  const table = document.createElement("table");
  table.className = "dataframe";
  (place.querySelector(".jp-OutputArea-output") ?? place).replaceChildren(table);
  return table;
}

function lastOf(rows) {
  return rows.slice(-ENDS).map((row, index) => [rows.length - ENDS + index, row]);
}

function line(head, cells, name = "td") {
  const row = document.createElement("tr");
  for (const [index, text] of [head, ...cells].entries()) {
    const cell = document.createElement(index ? name : "th");
    cell.textContent = text;
    row.append(cell);
  }
  return row;
}

/** Returns what writes the values of a column: fractions all with as many digits as one of them needs. */
function writer(type, rows, index) {
  if (!/Float/.test(type))
    return (value) => (value === null ? "None" : typeof value === "object" ? JSON.stringify(value) : String(value));
  const digits = (value) => String(Math.round(value * 10 ** DECIMALS) / 10 ** DECIMALS).split(".")[1]?.length ?? 0;
  const most = Math.max(1, ...rows.map((row) => (row[index] === null ? 0 : Math.min(digits(row[index]), DECIMALS))));
  return (value) => (value === null ? "NaN" : Number(value).toFixed(most));
}
