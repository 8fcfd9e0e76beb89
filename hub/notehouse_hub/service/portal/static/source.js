// Data sources: the fields of each type, a test, the tables read anew, and a table's first rows.
import { complain, element, say, send } from "./api.js";
import { resultTable } from "./result.js";

const PORTS = { clickhouse: 8443, postgresql: 5432 };

document.querySelector("[data-source-type]")?.addEventListener("change", ({ target }) => {
  for (const part of target.form.querySelectorAll("[data-only]")) {
    part.hidden = part.dataset.only !== target.value;
    for (const field of part.querySelectorAll("input, select")) field.disabled = part.hidden;
  }
  document.getElementById("source-port").value = PORTS[target.value];
});

async function showFirstRows(place) {
  try {
    const answer = await send("GET", place.dataset.preview);
    if (answer.rows.length) place.replaceChildren(resultTable(answer, "First rows"));
    else place.replaceChildren(element("p", { className: "quiet pad" }, "There is no row that you may read."));
  } catch (error) {
    place.replaceChildren(element("p", { className: "wrong" }, error.message));
  }
}

async function test(button) {
  button.disabled = true;
  button.textContent = "Testing…";
  try {
    const found = await send("POST", button.dataset.test);
    const version = found.version ? ` Version ${found.version}.` : "";
    say(`${found.message} ${Math.round(found.latency_ms)} ms.${version}`, found.success ? "good" : "bad");
  } catch (error) {
    complain(error, button);
  }
  button.disabled = false;
  button.textContent = "Test";
}

async function refresh(path, begin) {
  const notice = document.querySelector("[data-progress]");
  notice.hidden = false;
  try {
    const found = await send(begin ? "POST" : "GET", path);
    const total = found.tables_total ? ` of ${found.tables_total}` : "";
    notice.textContent = `Reading tables: ${found.tables_done}${total}…`;
    if (found.state === "running") window.setTimeout(() => refresh(path, false), 700);
    else window.location.reload();
  } catch (error) {
    notice.hidden = true;
    complain(error, notice);
  }
}

const firstRows = document.querySelector("[data-preview]");
if (firstRows) showFirstRows(firstRows);
const refreshing = document.querySelector("[data-refresh]");
if (refreshing && !document.querySelector("[data-progress]").hidden) refresh(refreshing.dataset.refresh, false);
document.addEventListener("click", ({ target }) => {
  if (target.closest("[data-test]")) test(target.closest("[data-test]"));
  if (target.closest("[data-refresh]")) refresh(target.closest("[data-refresh]").dataset.refresh, true);
});
