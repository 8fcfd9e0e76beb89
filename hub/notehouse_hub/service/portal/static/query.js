// A query: its places become fields, it runs with the rights of whoever looks, and it is saved.
import { complain, element, page, sayThere, send } from "./api.js";
import { contentOf } from "./fields.js";
import { figures, markedPlace, resultTable } from "./result.js";

const form = document.getElementById("query");
const sql = document.getElementById("sql");
const known = JSON.parse(document.getElementById("known-parameters").textContent);
const saved = sql.value;
const given = Object.fromEntries(known.map((one) => [one.name, one.default]));
let running = null;

const part = (name) => form.querySelector(`[data-${name}]`);

/** The places {name:Type} of the SQL, each once; the API checks them again. */
function places() {
  const found = new Map();
  for (const [, name, type] of sql.value.matchAll(/\{\s*([A-Za-z_]\w*)\s*:\s*([^{}]+?)\s*\}/g)) found.set(name, type);
  return found;
}

function kindOf(type) {
  if (/^(Nullable\()?U?Int(8|16|32)\b/.test(type)) return { type: "number", step: "1" };
  if (/^(Nullable\()?Float/.test(type)) return { type: "number", step: "any" };
  if (/^(Nullable\()?Date(32)?\)?$/.test(type)) return { type: "date" };
  return { type: "text", placeholder: type.startsWith("Array") ? '["JFK", "EWR"]' : "" };
}

/** Show a field for each place, and keep what was typed into those that stay. */
function showParameters() {
  const fields = [...places()].map(([name, type]) => {
    const value = given[name];
    const shown =
      value === null || value === undefined ? "" : typeof value === "object" ? JSON.stringify(value) : String(value);
    const input = element("input", {
      id: `parameter-${name}`,
      className: "code",
      value: shown,
      autocomplete: "off",
      ...kindOf(type),
    });
    input.addEventListener("input", () => (given[name] = input.value === "" ? null : valueFor(type, input.value)));
    return element(
      "div",
      { className: "field" },
      element("label", { htmlFor: input.id }, name, element("span", { className: "quiet small" }, ` ${type}`)),
      input,
    );
  });
  part("parameters").replaceChildren(...fields);
}

function valueFor(type, text) {
  if (/^(Nullable\()?(U?Int(8|16|32)|Float)/.test(type)) return Number(text);
  if (/^(Array|Map|Tuple)/.test(type)) {
    try {
      return JSON.parse(text);
    } catch {
      return text;
    }
  }
  return text;
}

function asked() {
  const parameters = Object.fromEntries(
    [...places().keys()].filter((name) => (given[name] ?? null) !== null).map((name) => [name, given[name]]),
  );
  if (form.dataset.id && sql.value === saved) return [`/saved-queries/${form.dataset.id}/run`, { parameters }];
  const [tenant, source] = split(document.getElementById("source").value);
  return ["/queries", { sql: sql.value, parameters, tenant, data_source: source }];
}

function split(place) {
  const at = place.indexOf(":");
  return [place.slice(0, at), place.slice(at + 1)];
}

async function run(event) {
  event?.preventDefault();
  if (running || !sql.value.trim()) return;
  const [path, body] = asked();
  running = new AbortController();
  busy(true);
  const began = performance.now();
  const clock = window.setInterval(
    () => (part("said").textContent = `Running, ${((performance.now() - began) / 1000).toFixed(0)} s`),
    1000,
  );
  try {
    show(await send("POST", path, { ...body, limit: 10000 }, {}, running.signal));
  } catch (error) {
    refused(error);
  }
  window.clearInterval(clock);
  running = null;
  busy(false);
}

function busy(on) {
  form.querySelector("button:not([type])").disabled = on;
  part("stop").hidden = !on;
  if (on) part("said").textContent = "Running…";
}

function show(answer) {
  part("refused").hidden = true;
  part("result").hidden = false;
  part("download").hidden = answer.columns.length === 0;
  part("said").textContent = figures(answer);
  const empty = element(
    "div",
    { className: "empty" },
    element("h2", {}, "No row fits"),
    element("p", {}, "The query ran, and nothing came back: for these values, or for the rows that you may read."),
  );
  part("result").replaceChildren(answer.rows.length ? resultTable(answer, "Result") : empty);
}

function refused(error) {
  part("result").hidden = true;
  part("download").hidden = true;
  part("said").textContent = error.name === "AbortError" ? "Stopped." : "";
  part("refused").hidden = error.name === "AbortError";
  part("refused-text").textContent = error.message;
  const place = markedPlace(sql.value, error.details);
  part("refused-place").hidden = place === null;
  part("refused-place").replaceChildren(...(place ?? []));
}

async function download() {
  const [path, body] = asked();
  const answer = await fetch(page.api + path, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-XSRFToken": page.xsrf },
    body: JSON.stringify({ ...body, limit: 100000, format: "csv" }),
  });
  if (!answer.ok) return refused(new Error((await answer.json()).error.message));
  const link = element("a", { href: URL.createObjectURL(await answer.blob()), download: "result.csv" });
  link.click();
  URL.revokeObjectURL(link.href);
  return undefined;
}

/** Save the query as it stands: the values in its fields become the defaults. */
async function keepQuery(event) {
  const dialog = event.target.closest("form[data-keep]");
  if (!dialog) return;
  event.preventDefault();
  const parameters = [...places()].map(([name, type]) => ({ name, type, default: given[name] ?? null }));
  const content = { ...contentOf(dialog), sql: sql.value, parameters };
  const [tenant, source] = split(document.getElementById("source").value);
  try {
    const made =
      dialog.dataset.keep === "save"
        ? await send("PUT", `/saved-queries/${form.dataset.id}`, content, { "If-Match": dialog.dataset.etag })
        : await send("POST", "/saved-queries", { ...content, tenant, data_source: source });
    sayThere("The query is saved.");
    window.location.assign(`${page.api.replace(/\/api\/v1$/, "")}/saved-queries/${made.id}`);
  } catch (error) {
    complain(error, dialog);
  }
}

if (form) {
  showParameters();
  sql.addEventListener("input", showParameters);
  form.addEventListener("submit", run);
  document.addEventListener("submit", keepQuery);
  sql.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(event);
  });
  part("stop").addEventListener("click", () => running?.abort());
  part("download").addEventListener("click", download);
  document.addEventListener("click", ({ target }) => {
    const saving = target.closest("[data-save]");
    if (saving) document.getElementById(saving.dataset.save).showModal();
  });
}
