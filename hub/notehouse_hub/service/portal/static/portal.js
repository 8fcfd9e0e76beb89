// Small comforts on pages that also work without them: search as you type, relative times, writes with the page's token.
"use strict";

const page = document.documentElement.dataset;

function searchAsYouType(input) {
  const cards = [...document.querySelectorAll("[data-search]")];
  const none = document.querySelector("[data-none-found]");
  const count = document.querySelector("[data-found]");
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const card of cards) {
      const fits = words.every((word) => card.dataset.search.includes(word));
      card.hidden = !fits;
      found += fits ? 1 : 0;
    }
    if (none) none.hidden = found > 0;
    if (count) count.textContent = words.length ? `${found} found` : "";
  };
  input.addEventListener("input", show);
  show();
}

const STEPS = [
  [60, "second", 1],
  [3600, "minute", 60],
  [86400, "hour", 3600],
  [2592000, "day", 86400],
  [Infinity, "month", 2592000],
];

function relative(seconds) {
  const [, unit, size] = STEPS.find(([limit]) => Math.abs(seconds) < limit);
  return new Intl.RelativeTimeFormat("en", { numeric: "auto" }).format(Math.round(seconds / size), unit);
}

function tellTimes() {
  for (const time of document.querySelectorAll("time[data-relative]")) {
    const moment = new Date(time.dateTime);
    time.textContent = relative((moment - Date.now()) / 1000);
    time.title = moment.toLocaleString();
  }
}

function say(text, kind) {
  const place = document.querySelector("[data-notices]");
  const notice = document.createElement("p");
  notice.className = `notice ${kind}`;
  notice.textContent = text;
  place.replaceChildren(notice);
  notice.scrollIntoView({ block: "nearest" });
}

/** Send a write to the API with the page's token; answers the JSON, or throws an Error with the API's own message. */
async function send(method, path, body) {
  const answer = await fetch(page.api + path, {
    method,
    headers: { "Content-Type": "application/json", "X-XSRFToken": page.xsrf },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(content.error?.message ?? `The server answered ${answer.status}.`);
  return content;
}

/** A button with data-send="POST /path" sends that, with data-body as JSON, and loads the page again. */
async function pressed(event) {
  const button = event.target.closest("button[data-send]");
  if (!button) return;
  if (button.dataset.ask && !window.confirm(button.dataset.ask)) return;
  const [method, path] = button.dataset.send.split(" ");
  button.disabled = true;
  try {
    await send(method, path, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
    if (button.dataset.then) window.location.assign(button.dataset.then);
    else window.location.reload();
  } catch (error) {
    say(error.message, "bad");
    button.disabled = false;
  }
}

/** A form with data-send="PUT /path" sends its fields as a JSON object. */
async function submitted(event) {
  const form = event.target.closest("form[data-send]");
  if (!form) return;
  event.preventDefault();
  const [method, path] = form.dataset.send.split(" ");
  const fields = Object.fromEntries([...new FormData(form)].filter(([name]) => name !== "_xsrf"));
  try {
    await send(method, path, fields);
    say(form.dataset.done ?? "Saved.", "good");
    form.reset();
  } catch (error) {
    say(error.message, "bad");
  }
}

/** A page with something under way loads itself again until it is done. */
function watchWork() {
  if (document.querySelector("[data-working]")) window.setTimeout(() => window.location.reload(), 4000);
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.account[open]")) {
    if (event.key === "Escape" || (event.type === "click" && !menu.contains(event.target))) menu.open = false;
  }
}

const search = document.querySelector("input[data-search-cards]");
if (search) searchAsYouType(search);
tellTimes();
window.setInterval(tellTimes, 30000);
watchWork();
document.addEventListener("click", pressed);
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
document.addEventListener("submit", submitted);
