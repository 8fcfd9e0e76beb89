// The page around a dashboard: tells how the frame is doing, and brings it fresh tokens.
import { bringFile } from "./files.js";
import { checkEnds, readFilters, refreshChoices, writeFilters } from "./filters.js";
import { followNews } from "./news.js";

const frame = document.getElementById("dashboard");
const filters = document.querySelector("[data-filters]");
const place = frame?.dataset.path;
const mine = { "X-XSRFToken": frame?.dataset.xsrf ?? "" }; // what the page's own requests must show
let asked = 0; // which choice is the newest
let own = null; // the filters that the frame itself can follow, without Python; nothing until it has said so
let waiting = 0; // a choice waits for that
let shown = frame?.hasAttribute("src") ? new URLSearchParams(location.search) : null; // what the frame shows
const PATIENCE = 3000; // milliseconds that a frame has to say what it can do
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
  return fetch(`${place}/token${query}`, { headers: mine, redirect: "manual" });
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
    if (data?.notehouse === "height") frame.style.setProperty("--on-paper", `${Number(data.height) || 0}px`);
    if (data?.notehouse === "file") bringFile(frame, String(data.src));
    if (data?.notehouse === "tiles") {
      own = new Set(data.own);
      if (waiting) choose();
    }
    if (data?.notehouse === "fresh") showFresh(data.at);
  });
}
/** Has the frame draw what it can draw itself; the rest comes with a page of its own, when there is more. */
function choose() {
  const query = new URLSearchParams(location.search);
  const names = new Set([...(shown?.keys() ?? []), ...query.keys()]);
  const changed = [...names].filter((name) => shown?.getAll(name).join("\n") !== query.getAll(name).join("\n"));
  document.querySelector("[data-reset]")?.toggleAttribute("hidden", !location.search);
  clearTimeout(waiting);
  waiting = 0;
  if (!shown || frame.hidden) return load();
  if (!own) {
    waiting = setTimeout(load, PATIENCE);
    return;
  }
  frame.contentWindow.postMessage({ notehouse: "filters", query: query.toString() }, "*");
  if (!changed.every((name) => own.has(name))) return load();
  asked += 1; // a page that was on its way is not wanted any more
  hold(false);
  show({ state: "" });
  shown = query;
}

/** Brings the address to what the filters show, and the page to the address. */
function follow() {
  const query = readFilters(filters).toString();
  if (query === location.search.slice(1)) return;
  history.pushState(null, "", query ? `?${query}` : place);
  choose();
}

function showFresh(at) {
  document.querySelector("[data-fresh]").hidden = false;
  document.querySelector("[data-fresh] time").dateTime = at;
  writeTimes();
}

/** Waits until what the filters choose is ready, then shows it; a newer choice ends the waiting. */
async function load() {
  const choice = ++asked;
  const query = location.search.slice(1);
  fail("");
  document.querySelector("[data-reset]")?.toggleAttribute("hidden", !query);
  for (;;) {
    const answer = await askToken(`?chosen&${query}`).catch(() => null);
    if (choice !== asked) return;
    if (answer?.type === "opaqueredirect") return location.reload(); // logged out: the page itself leads to the login
    // What stands before the server may answer for it, and not in JSON.
    const told = (await answer?.json().catch(() => null)) ?? { error: "The server does not answer. Trying again …" };
    if (told.ready) return appear(told, query);
    const making = !told.error && !told.failed;
    hold(making);
    show({ state: making ? "making" : "" });
    fail(told.error || (told.failed && `This choice cannot be shown. ${told.failed}`) || "");
    if (told.failed || (answer && !answer.ok && answer.status !== 429 && answer.status < 500)) return;
    await new Promise((done) => setTimeout(done, answer?.ok ? 400 : 2000));
  }
}

/** Lets nobody use a page that another one is about to take the place of: what they did there would be lost. */
function hold(making) {
  frame.inert = making;
  frame.setAttribute("aria-busy", String(making));
}

function appear({ token, fresh_at: freshAt }, query) {
  hold(false);
  show({ state: "" });
  if (freshAt) showFresh(freshAt);
  shown = new URLSearchParams(query);
  own = null;
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
  filters.addEventListener("change", async () => {
    checkEnds(filters);
    if (!filters.reportValidity()) return;
    follow();
    if (await refreshChoices(filters, place, mine)) follow();
  });
  filters.addEventListener("submit", (event) => event.preventDefault());
  addEventListener("popstate", () => {
    writeFilters(filters, new URLSearchParams(location.search));
    choose();
    refreshChoices(filters, place, mine);
  });
  const soon = () => frame.contentWindow.postMessage({ notehouse: "soon" }, "*");
  for (const name of ["pointerenter", "focusin"]) filters.addEventListener(name, soon, { once: true });
  if (!frame.hasAttribute("src")) load();
  refreshChoices(filters, place, mine);
}
if (frame?.dataset.news) {
  let first = new URLSearchParams(frame.src.split("?")[1]).get("token"); // the frame's own, a moment old
  const address = async () => {
    const token = first ?? (await (await askToken("")).json()).token;
    first = null;
    return `${frame.dataset.news}?token=${token}&${location.search.slice(1)}`;
  };
  const listen = () =>
    followNews(address, {
      changed: () => frame.contentWindow.postMessage({ notehouse: "refresh" }, "*"),
      renewed: () => frame.contentWindow.postMessage({ notehouse: "renewed" }, "*"),
      closed: (event) => (event === "replaced" ? show({ state: "stale" }) : location.reload()),
    });
  addEventListener("load", listen); // after the frame, which is what its reader came for
}
for (const link of document.querySelectorAll("[data-keeps-filters]")) {
  link.addEventListener("click", () => (link.search = location.search));
}
requestAnimationFrame(() => setTimeout(writeTimes)); // after the first paint: to know how moments are written takes long
if (document.querySelector("[data-working]")) setTimeout(() => location.reload(), 2000);
