// The page around a dashboard: tells how the frame is doing, and brings it fresh tokens.
"use strict";

const frame = document.getElementById("dashboard");
const WORDS = { starting: "Starting Python", live: "Live", paused: "Paused: use a control to go on", waiting: "Connecting again", lost: "Not live", failed: "An update failed", stale: "Reload for the newest version" };

function show({ state, detail }) {
  const place = document.querySelector("[data-state]");
  const words = WORDS[state];
  place.hidden = !words;
  place.textContent = words ? (detail ? `${words}: ${detail}` : words) : "";
}

async function bringToken() {
  const answer = await fetch(`${location.pathname.replace(/\/$/, "")}/token`);
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
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
}
if (document.querySelector("[data-working]")) setTimeout(() => location.reload(), 2000);
