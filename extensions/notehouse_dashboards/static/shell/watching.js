// Closes a page whose reader may not see it any more: asked every 40 seconds, and whenever somebody comes back to it.

const EVERY = 40_000;
const WORDS = {
  401: "You are not logged in any more.",
  403: "You may not see this dashboard any more.",
  404: "This dashboard is not there any more, or you may not see it any more.",
};
const frame = document.getElementById("dashboard");
let asking = false;
let rows = classOf(new URLSearchParams(frame?.src.split("?")[1]).get("token"));

/** Returns which rows a frame's token is for. */
function classOf(token) {
  return token ? JSON.parse(atob(token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/"))).class : "";
}

function close(why) {
  frame.remove();
  for (const part of document.querySelectorAll("[data-filters], [data-tools], dialog")) part.remove();
  const told = document.querySelector("[data-failed]");
  told.textContent = why;
  told.hidden = false;
  document.documentElement.dataset.closed = "";
}

function compare(now) {
  if (rows && now !== rows) close("Your rights have changed since you opened this page. Load it again.");
  rows = now;
}

async function look() {
  if (asking || !frame.isConnected) return;
  asking = true;
  const headers = { "X-XSRFToken": frame.dataset.xsrf };
  const answer = await fetch(`${frame.dataset.path}/token`, { headers, redirect: "manual" }).catch(() => null);
  asking = false;
  if (answer?.type === "opaqueredirect") close(WORDS[401]);
  else if (answer && answer.status in WORDS) close(WORDS[answer.status]);
  else if (answer?.ok) compare(classOf((await answer.json()).token));
}

if (frame) {
  window.setInterval(look, EVERY);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
}
