// The page around a dashboard: tells how the frame is doing, and brings it fresh tokens.
import { readFilters, writeFilters } from "./filters.js";

const frame = document.getElementById("dashboard");
const filters = document.querySelector("[data-filters]");
const place = frame?.dataset.path;
let asked = 0; // which choice is the newest
const WORDS = {
  making: "Preparing",
  starting: "Starting Python",
  live: "Live",
  paused: "Paused: use a control to go on",
  waiting: "Connecting again",
  lost: "Not live",
  failed: "An update failed",
  stale: "Reload for the newest version",
};

function show({ state, detail }) {
  const place = document.querySelector("[data-state]");
  const words = WORDS[state];
  place.hidden = !words;
  place.textContent = words ? (detail ? `${words}: ${detail}` : words) : "";
}

/** Asks for a token of what the address chooses, and whether that is ready. */
function askToken(query) {
  return fetch(`${place}/token${query}`, { headers: { "X-XSRFToken": frame.dataset.xsrf }, redirect: "manual" });
}

async function bringToken() {
  const answer = await askToken(location.search);
  if (!answer.ok) return;
  frame.contentWindow.postMessage({ token: (await answer.json()).token }, "*");
}

if (frame) {
  addEventListener("message", ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    if (data?.notehouse === "state") show(data);
    if (data?.notehouse === "token") bringToken();
  });
}
/** Waits until what the filters choose is ready, then shows it; a newer choice ends the waiting. */
async function load() {
  const mine = ++asked;
  const query = location.search.slice(1);
  fail("");
  document.querySelector("[data-reset]")?.toggleAttribute("hidden", !query);
  for (;;) {
    const answer = await askToken(`?chosen&${query}`).catch(() => null);
    if (mine !== asked) return;
    if (answer?.type === "opaqueredirect") return location.reload(); // logged out: the page itself leads to the login
    const told = answer ? await answer.json() : { error: "The server does not answer. Trying again …" };
    if (told.ready) return appear(told, query);
    show({ state: told.error || told.failed ? "" : "making" });
    fail(told.error || (told.failed && `This choice cannot be shown. ${told.failed}`) || "");
    if (told.failed || (answer && !answer.ok && answer.status !== 429)) return;
    await new Promise((done) => setTimeout(done, answer?.ok ? 400 : 2000));
  }
}

function appear({ token, fresh_at: freshAt }, query) {
  show({ state: "" });
  document.querySelector("[data-fresh]").hidden = !freshAt;
  document.querySelector("[data-fresh] time").dateTime = freshAt;
  writeTimes();
  // Not by `src`: the back button goes through choices, which the address of this page names.
  frame.contentWindow.location.replace(`${location.origin}${place}/frame?token=${token}&${query}`);
}

function fail(why) {
  const told = document.querySelector("[data-failed]");
  told.hidden = !why;
  told.textContent = why;
  frame.hidden = Boolean(why);
}

function writeTimes() {
  for (const time of document.querySelectorAll("time[datetime]:not([datetime=''])")) {
    time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  }
}

if (filters) {
  filters.addEventListener("change", () => {
    if (!filters.reportValidity()) return;
    const query = readFilters(filters).toString();
    history.pushState(null, "", query ? `?${query}` : place);
    load();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", () => {
    writeFilters(filters, new URLSearchParams(location.search));
    load();
  });
  if (!frame.hasAttribute("src")) load();
}
for (const link of document.querySelectorAll("[data-keeps-filters]")) {
  link.addEventListener("click", () => (link.search = location.search));
}
writeTimes();
if (document.querySelector("[data-working]")) setTimeout(() => location.reload(), 2000);
