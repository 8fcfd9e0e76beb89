// What pages do beyond plain links: writes with the page's token, dialogs, search as you type, relative times.
// Forms and buttons say in data- attributes what they send; the API alone decides whether it may be.
import { complain, sayFromBefore, sayThere, send } from "./api.js";
import { contentOf } from "./fields.js";

// ---- Times -------------------------------------------------------------------------------------------------------

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

// ---- Writes ------------------------------------------------------------------------------------------------------

/** Send what a button or form asks for, then show what comes next. */
async function act(source, body) {
  const [method, path] = source.dataset.send.split(" ");
  const headers = source.dataset.etag ? { "If-Match": source.dataset.etag } : {};
  const answer = await send(method, path, body, headers);
  if (source.dataset.shows) return showAnswer(document.querySelector(source.dataset.shows), answer);
  sayThere(source.dataset.done);
  const next = source.dataset.then?.replace("{id}", answer?.id ?? "").replace("{slug}", answer?.slug ?? "");
  if (next) window.location.assign(next);
  else window.location.reload();
  return undefined;
}

/** Fill in a dialog's [data-value] with parts of an answer, and open it. */
function showAnswer(dialog, answer) {
  for (const place of dialog.querySelectorAll("[data-value]")) {
    place.textContent = place.dataset.value.split(".").reduce((part, name) => part?.[name], answer) ?? "";
  }
  dialog.dispatchEvent(new CustomEvent("answer", { detail: answer }));
  for (const other of document.querySelectorAll("dialog[open]")) if (other !== dialog) other.close();
  if (!dialog.open) dialog.showModal();
}

async function pressed(event) {
  const button = event.target.closest("button[data-send]");
  if (!button || (button.dataset.ask && !window.confirm(button.dataset.ask))) return;
  button.disabled = true;
  try {
    await act(button, button.dataset.body ? JSON.parse(button.dataset.body) : undefined);
  } catch (error) {
    complain(error, button);
  }
  button.disabled = false;
}

async function submitted(event) {
  const form = event.target.closest("form[data-send]");
  if (!form) return;
  event.preventDefault();
  const wrong = form.querySelector("[data-wrong]");
  if (wrong) wrong.hidden = true;
  try {
    await act(form, contentOf(form));
  } catch (error) {
    complain(error, form);
  }
}

// ---- Dialogs, copying, favourites --------------------------------------------------------------------------------

function clicked(event) {
  const opener = event.target.closest("[data-open]");
  if (opener) document.getElementById(opener.dataset.open).showModal();
  event.target.closest("[data-close]")?.closest("dialog").close();
  const copier = event.target.closest("[data-copy]");
  if (copier) copy(copier);
  const star = event.target.closest("[data-star]");
  if (star) keep(star);
}

async function copy(button) {
  await navigator.clipboard?.writeText(document.querySelector(button.dataset.copy).textContent);
  button.textContent = "Copied";
}

async function keep(star) {
  const wanted = star.getAttribute("aria-pressed") !== "true";
  try {
    await send(wanted ? "PUT" : "DELETE", `/me/favourites/${star.dataset.star}`);
    for (const one of document.querySelectorAll(`[data-star="${star.dataset.star}"]`)) {
      one.setAttribute("aria-pressed", String(wanted));
    }
  } catch (error) {
    complain(error, star);
  }
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.account[open]")) {
    if (event.key === "Escape" || (event.type === "click" && !menu.contains(event.target))) menu.open = false;
  }
}

// ---- Pages that look again ---------------------------------------------------------------------------------------

/** A search form with data-follow="#part" shows that part of the page anew while somebody types. */
function followSearch(form) {
  const part = document.querySelector(form.dataset.follow);
  let waiting = 0;
  const look = async () => {
    const address = new URL(window.location.pathname, window.location.origin);
    for (const [name, value] of new FormData(form)) if (value) address.searchParams.set(name, value);
    const asked = (form.dataset.asked = address.search);
    const answer = await fetch(address);
    const found = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(form.dataset.follow);
    if (!answer.ok || !found || form.dataset.asked !== asked) return;
    part.replaceChildren(...found.childNodes);
    window.history.replaceState(null, "", address);
    tellTimes();
  };
  form.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(look, 250);
  });
}

/** A page with something under way loads itself again until it is done. */
function watchWork() {
  if (!document.querySelector("[data-working]")) return;
  window.setTimeout(() => (document.querySelector("dialog[open]") ? watchWork() : window.location.reload()), 4000);
}

for (const form of document.querySelectorAll("form[data-follow]")) followSearch(form);
sayFromBefore();
tellTimes();
window.setInterval(tellTimes, 30000);
watchWork();
document.addEventListener("click", clicked);
document.addEventListener("click", pressed);
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
document.addEventListener("submit", submitted);
