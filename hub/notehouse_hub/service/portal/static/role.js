// A role's editor: tables with their row filters and columns, and what a person would read by them.
import { complain, element, sayThere, send } from "./api.js";
import { wordsOf } from "./fields.js";

const role = document.getElementById("role");
const content = JSON.parse(document.getElementById("role-content").textContent);
const adding = document.getElementById("add-table");
const tables = new Map(); // "source/database.table" → columns
const ALL_ROWS = "1";

const nameOf = (right) => `${right.data_source}/${right.database}.${right.table}`;
const rights = () => [...role.querySelectorAll(".right")].map(rightOf);

/** Read every source's tables once: for suggestions only, the API checks what is saved. */
async function loadTables() {
  await Promise.all(
    content.sources.map(async (source) => {
      const known = await send("GET", `/data-sources/${source.id}/schema?all=true`).catch(() =>
        send("GET", `/data-sources/${source.id}/schema`),
      );
      for (const one of known.items)
        tables.set(nameOf({ data_source: source.name, database: one.schema, table: one.table }), one.columns);
    }),
  ).catch(() => undefined); // without suggestions the rights that are there can still be changed
}

function offerTables() {
  if (!adding) return;
  const used = new Set(rights().map(nameOf));
  const free = [...tables.keys()].filter((name) => !used.has(name)).sort();
  adding.replaceChildren(
    element("option", { value: "" }, free.length ? "Choose…" : "No other table is known"),
    ...free.map((name) => element("option", {}, name)),
  );
  role.querySelector("[data-no-rights]").hidden = used.size > 0;
}

function show(right, open) {
  const made = document.getElementById("right").content.cloneNode(true).firstElementChild;
  const part = (name) => made.querySelector(`[data-${name}]`);
  made.dataset.right = JSON.stringify({ data_source: right.data_source, database: right.database, table: right.table });
  part("title").textContent = nameOf(right);
  part("insert").checked = right.insert === true;
  part("filter").value = right.row_filter === ALL_ROWS ? "" : right.row_filter;
  const columns = tables.get(nameOf(right)) ?? (right.columns ?? []).map((name) => ({ name, comment: "" }));
  part("column").replaceChildren(...columns.map((one) => element("option", {}, one.name)));
  part("builder").hidden = columns.length === 0 || !adding;
  const boxes = columns.map((one) => {
    const box = element("input", {
      type: "checkbox",
      value: one.name,
      checked: right.columns === null || right.columns.includes(one.name),
    });
    return element("label", { className: "check small", title: one.comment }, box, element("span", {}, one.name));
  });
  made.querySelector("[data-columns]").replaceChildren(...boxes);
  part("remove").addEventListener("click", () => {
    made.remove();
    offerTables();
  });
  part("add-condition").addEventListener("click", () => addCondition(made));
  made.addEventListener("input", () => summarize(made));
  summarize(made);
  made.open = open;
  role.querySelector("[data-rights]").append(made);
}

function summarize(made) {
  const { columns, row_filter: filter, insert } = rightOf(made);
  const rows = filter === ALL_ROWS ? "every row" : filter;
  const said = [rows, ...(columns === null ? [] : [`${columns.length} columns`]), ...(insert ? ["adds rows"] : [])];
  made.querySelector("[data-said]").textContent = said.join(" · ");
}

/** The columns that are ticked; null for all of them. */
function columnsOf(made) {
  const boxes = [...made.querySelectorAll("[data-columns] input")];
  const chosen = boxes.filter((box) => box.checked).map((box) => box.value);
  return chosen.length === boxes.length ? null : chosen;
}

function rightOf(made) {
  return {
    ...JSON.parse(made.dataset.right),
    columns: columnsOf(made),
    row_filter: made.querySelector("[data-filter]").value.trim() || ALL_ROWS,
    insert: made.querySelector("[data-insert]").checked,
  };
}

/** Put a condition from the small fields into the filter, in the filter's own language. */
function addCondition(made) {
  const [column, operator, operand] = ["column", "operator", "operand"].map((name) =>
    made.querySelector(`[data-${name}]`),
  );
  if (!operand.value.trim()) return operand.focus();
  const values =
    operator.value === "IN" && !operand.value.includes("{")
      ? `(${wordsOf(operand.value).map(literal).join(", ")})`
      : literal(operand.value.trim());
  const filter = made.querySelector("[data-filter]");
  const name = /^[A-Za-z_]\w*$/.test(column.value) ? column.value : `\`${column.value}\``;
  filter.value = `${filter.value.trim() ? `${filter.value.trim()} AND ` : ""}${name} ${operator.value} ${values}`;
  operand.value = "";
  summarize(made);
  filter.focus();
  return undefined;
}

function literal(text) {
  if (/^\{user\.\w+\}$/.test(text) || /^-?\d+(\.\d+)?$/.test(text)) return text;
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}

async function preview() {
  const place = role.querySelector("[data-effect]");
  const permissions = rights();
  if (!permissions.length) return place.replaceChildren(element("p", { className: "quiet" }, "Add a table first."));
  const user = document.getElementById("view-as").value || null;
  place.replaceChildren(element("p", { className: "busy-line" }, "Counting…"));
  try {
    const found = await send("POST", `/tenants/${role.dataset.tenant}/roles/preview`, { permissions, user });
    const lacking = found.missing.map((name) =>
      element(
        "div",
        { className: "effect none" },
        element("code", {}, name),
        element("strong", {}, "0 rows"),
        element(
          "span",
          { className: "small quiet" },
          `${found.user} lacks an attribute that the filter needs: no value, no rows.`,
        ),
      ),
    );
    place.replaceChildren(...found.tables.map(effect), ...lacking);
  } catch (error) {
    place.replaceChildren(element("p", { className: "wrong" }, error.message));
  }
  return undefined;
}

function effect(one) {
  const filter = one.row_filter === ALL_ROWS ? "every row" : one.row_filter;
  const rows = `${one.rows.toLocaleString()} ${one.rows === 1 ? "row" : "rows"}`;
  return element(
    "div",
    { className: one.rows ? "effect" : "effect none" },
    element("code", {}, `${one.database}.${one.table}`),
    element("strong", {}, rows),
    element("span", { className: "small quiet" }, filter),
  );
}

async function saveRole(event) {
  event.preventDefault();
  role.querySelector("[data-wrong]").hidden = true;
  const limits = {};
  for (const field of role.querySelectorAll("[data-limit]"))
    if (field.value) limits[field.dataset.limit] = Number(field.value);
  const boxes = [...role.querySelectorAll("[data-action]")];
  const fixed = boxes.every((box) => box.disabled);
  const body = {
    description: document.getElementById("description").value,
    actions: fixed ? null : boxes.filter((box) => box.checked).map((box) => box.value),
    permissions: rights(),
    limits,
  };
  const there = `/tenants/${role.dataset.tenant}/roles`;
  try {
    if (role.dataset.name) await send("PUT", `${there}/${role.dataset.name}`, body, { "If-Match": role.dataset.etag });
    else await send("POST", there, { ...body, name: document.getElementById("role-name").value });
    sayThere("The role is saved. What it takes away ends within a second, what it gives comes within seconds.");
    window.location.assign(role.dataset.back);
  } catch (error) {
    complain(error, role);
  }
}

async function begin() {
  await loadTables();
  for (const right of content.permissions) show(right, content.permissions.length === 1);
  offerTables();
  role.dataset.ready = "";
}

role.addEventListener("submit", saveRole);
role.querySelector("[data-preview]").addEventListener("click", preview);
adding?.addEventListener("change", () => {
  const [, source, database, table] = adding.value.match(/^(.*?)\/(.*?)\.(.*)$/) ?? [];
  if (!table) return;
  show({ data_source: source, database, table, columns: null, row_filter: ALL_ROWS, insert: false }, true);
  offerTables();
});
begin();
