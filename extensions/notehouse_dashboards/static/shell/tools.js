// What stands around a dashboard: comments, where numbers come from, sharing, full screen, and the keyboard.

import { made } from "./made.js";
import { showSubscription } from "./subscription.js";

const frame = document.getElementById("dashboard");
const panel = document.querySelector("[data-panel]");
const body = document.querySelector("[data-panel-body]");
const place = frame?.dataset.path;
let tiles = [];

async function ask(path, content) {
  const headers = { "X-XSRFToken": frame.dataset.xsrf, "Content-Type": "application/json" };
  const options = content ? { method: "POST", body: JSON.stringify(content), headers } : { headers };
  const answer = await fetch(`${place}/${path}`, { ...options, redirect: "manual" });
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? "The server does not answer. Load this page again.");
  return told;
}

function moment(text) {
  const shown = new Date(text).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  return made("time", { dateTime: text, textContent: shown });
}

// ---- The panel ---------------------------------------------------------------------------------------------------

function open(kind, title, ...content) {
  panel.dataset.panel = kind;
  panel.querySelector("h2").textContent = title;
  body.replaceChildren(...content);
  panel.hidden = false;
  for (const button of document.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-expanded", String(button.dataset.tool === kind));
  }
}

function close() {
  panel.hidden = true;
  for (const button of document.querySelectorAll("[data-tool]")) button.setAttribute("aria-expanded", "false");
}

function problem(error) {
  body.replaceChildren(made("p", { className: "wrong", role: "alert", textContent: error.message }));
}

function chooser(chosen, changed) {
  const select = made("select", { name: "tile" }, made("option", { value: "", textContent: "The whole page" }));
  for (const { id, title } of tiles) select.append(made("option", { value: id, textContent: title || id }));
  select.value = chosen;
  select.addEventListener("change", () => changed?.(select.value));
  return made("label", { className: "filter" }, made("span", { textContent: "About" }), select);
}

// ---- Comments ----------------------------------------------------------------------------------------------------

async function comments(tile = "") {
  open("comments", "Comments");
  try {
    const told = await ask("comments");
    tiles = told.tiles;
    body.replaceChildren(form(tile), ...told.items.map(comment));
    if (!told.items.length)
      body.append(made("p", { className: "quiet", textContent: "Nobody has said anything yet." }));
    count(told.items);
  } catch (error) {
    problem(error);
  }
}

function count(items) {
  const open = items.filter((one) => !one.is_resolved).length;
  document.querySelector("[data-comments]").textContent = open || "";
}

function form(tile) {
  const text = made("textarea", { name: "text", rows: 3, required: true, maxLength: 5000, ariaLabel: "Your comment" });
  const send = made(
    "form",
    { className: "say" },
    chooser(tile),
    text,
    made("button", { className: "button", textContent: "Comment" }),
  );
  send.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      await ask("comments", { text: text.value, tile: send.elements.tile.value });
      await comments();
    } catch (error) {
      send.append(made("p", { className: "wrong", role: "alert", textContent: error.message }));
    }
  });
  return send;
}

function comment(one) {
  const about = [one.tile_title, one.is_of_this_version ? "" : `version ${one.version}`].filter(Boolean).join(" · ");
  const head = made(
    "p",
    { className: "quiet" },
    made("strong", { textContent: one.author }),
    " ",
    moment(one.created_at),
  );
  const card = made("article", { className: "comment" }, head, made("p", { className: "said", textContent: one.text }));
  if (about) card.append(made("p", { className: "quiet", textContent: about }));
  if (one.is_resolved) card.classList.add("settled");
  else if (one.may_resolve) {
    const settle = made("button", { className: "plain", textContent: "Settle" });
    settle.addEventListener("click", () => ask("comments", { id: one.id }).then(() => comments(), problem));
    card.append(settle);
  }
  return card;
}

// ---- Where numbers come from -------------------------------------------------------------------------------------

async function explain(tile = "") {
  open("explain", "Where this comes from");
  try {
    if (!tiles.length) tiles = (await ask("comments")).tiles;
    const which = tile || tiles[0]?.id || "";
    const query = new URLSearchParams(location.search);
    query.set("tile", which);
    const told = await ask(`explain?${query}`);
    body.replaceChildren(chooser(which, explain), ...facts(told), ...told.origins.map(origin));
    if (!told.origins.length)
      body.append(made("p", { className: "quiet", textContent: "No SQL is behind this part." }));
  } catch (error) {
    problem(error);
  }
}

function facts(told) {
  const list = made("dl", { className: "facts-list" });
  const add = (name, ...value) => list.append(made("dt", { textContent: name }), made("dd", {}, ...value));
  add("Version", `${told.version}${told.message ? `: ${told.message}` : ""}`);
  if (told.fresh_at) add("Data from", moment(told.fresh_at));
  if (told.watermark) add("State of the data", made("code", { textContent: told.watermark }));
  if (told.run) add("Run", made("code", { textContent: told.run }));
  add("Rows of", made("code", { textContent: told.access_class.slice(0, 8) }));
  return [list];
}

function origin(one) {
  const values = Object.entries(one.values).map(([name, value]) => `${name} = ${value}`);
  const about = [one.source, one.tables.join(", "), ...values].filter(Boolean).join(" · ");
  return made(
    "article",
    { className: "origin" },
    made("h3", { textContent: one.name || "This part" }),
    made("p", { className: "quiet", textContent: about }),
    made("pre", { tabIndex: 0 }, made("code", { textContent: one.sql })),
  );
}

// ---- Sharing, full screen, help ----------------------------------------------------------------------------------

async function share() {
  const address = made("input", { value: location.href, readOnly: true, ariaLabel: "Address of this page" });
  const copy = made("button", { className: "button", textContent: "Copy" });
  copy.addEventListener("click", async () => {
    address.select();
    await navigator.clipboard?.writeText(location.href);
    copy.textContent = "Copied";
  });
  const words = "Colleagues who may see this dashboard open it with the same filters, and with their own rows.";
  const more = made("a", {
    href: document.querySelector("[data-details]").href,
    textContent: "People, links and embeds",
  });
  open("share", "Share", made("p", { className: "quiet", textContent: words }), address, copy, made("p", {}, more));
}

// ---- Files of it -------------------------------------------------------------------------------------------------

const PAGES = { html: "A page of its own (HTML)", pdf: "PDF", png: "A picture (PNG)" };
const ROWS = { csv: "CSV", xlsx: "Excel" };

/** A link to a file of what is shown now: its filters go with it. */
function file(format, words, tile = "") {
  const query = new URLSearchParams(location.search);
  query.set("format", format);
  if (tile) query.set("tile", tile);
  const address = document.querySelector("[data-exports]").dataset.exports;
  return made("a", { href: `${address}?${query}`, textContent: words });
}

async function exported() {
  open("exported", "Export");
  try {
    tiles = (await ask("comments")).tiles;
    await fetch(document.querySelector("[data-details]").href); // files come from the portal, which may not know us yet
    const words = "What you see, with these filters and your own rows.";
    const list = made(
      "ul",
      { className: "files" },
      ...Object.entries(PAGES).map(([one, name]) => item(file(one, name))),
    );
    for (const { id, title } of tiles.filter((one) => one.is_table)) {
      const rows = Object.entries(ROWS).flatMap(([one, name]) => [" · ", file(one, name, id)]);
      list.append(item(made("span", { textContent: title || id }), ...rows));
    }
    body.replaceChildren(made("p", { className: "quiet", textContent: words }), list);
  } catch (error) {
    problem(error);
  }
}

function item(...content) {
  return made("li", {}, ...content);
}

function full() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.();
}

async function byMail() {
  open("subscribe", "By mail");
  try {
    showSubscription(body, await ask("subscription"), (wanted) => ask("subscription", wanted));
  } catch (error) {
    problem(error);
  }
}

const KEYS = {
  c: ["Comments", () => comments()],
  e: ["Where numbers come from", () => explain()],
  m: ["By mail", byMail],
  x: ["Export", exported],
  s: ["Share", share],
  f: ["Full screen", full],
  "/": ["To the filters", () => document.querySelector("[data-filters] :is(select, input)")?.focus()],
  r: ["All filters back", () => document.querySelector("[data-reset]:not([hidden])")?.click()],
  "?": ["These keys", help],
};

function help() {
  const list = made("dl", { className: "facts-list" });
  for (const [key, [words]] of Object.entries(KEYS)) {
    list.append(made("dt", {}, made("kbd", { textContent: key })), made("dd", { textContent: words }));
  }
  open("help", "Keyboard", list);
}

function pressed({ key, target, ctrlKey, metaKey, altKey }) {
  if (ctrlKey || metaKey || altKey || target?.closest?.("input, select, textarea")) return;
  if (key === "Escape") close();
  else if (Object.hasOwn(KEYS, key)) KEYS[key][1]();
}

/** Tells the frame that its reader may use the tools of tiles. */
function offer() {
  frame.contentWindow.postMessage({ tools: true }, "*");
}

const TOOLS = { comments, explain, subscribe: byMail, exported, share, full, help };

if (panel) {
  offer();
  if (location.hash === "#subscribe") byMail();
  document.addEventListener("keyup", pressed);
  document.addEventListener("click", ({ target }) => {
    const tool = target.closest("[data-tool]")?.dataset.tool;
    if (tool && panel.dataset.panel === tool && !panel.hidden) close();
    else if (tool) TOOLS[tool]();
    else if (target.closest("[data-panel-close]")) close();
  });
  window.addEventListener("message", ({ source, data }) => {
    if (source !== frame.contentWindow) return;
    if (data?.notehouse === "state") offer();
    if (data?.notehouse === "key") pressed({ key: String(data.key) });
    if (data?.notehouse === "tile" && data.act === "explain") explain(String(data.tile));
    if (data?.notehouse === "tile" && data.act === "comment") comments(String(data.tile));
  });
}
