// The panel in which a reader has a dashboard sent by mail: how often, at what time, and no more.

import { made } from "./made.js";

const OFTEN = {
  "* * *": "Every day",
  "* * 1-5": "Every working day",
  "* * 1": "Every Monday",
  "1 * *": "On the first of the month",
};
const CRON = /^(\d{1,2}) (\d{1,2}) (.+)$/;
const MORNING = "08:00";

/** Draws the panel; `save({cron, timezone} or {})` promises the answer of the server. */
export function showSubscription(place, told, save) {
  const words = "You get this dashboard as a report, with the rows that you may see at that moment.";
  const form = made("form", { className: "say" }, made("p", { className: "quiet", textContent: words }));
  place.replaceChildren(form);
  if (!told.mail) {
    form.append(
      made("p", {
        className: "wrong",
        textContent: "Your account has no mail address. Whoever invited you can add it.",
      }),
    );
    return;
  }
  const mine = told.subscription;
  const { often, time } = chosen(mine);
  const zone = mine?.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  form.append(labelled("How often", often), labelled(`At (${zone})`, time), state(mine, told.mail));
  const act = async (wanted) => {
    try {
      showSubscription(place, await save(wanted), save);
      place.querySelector("button")?.focus();
    } catch (error) {
      form.querySelector(".wrong")?.remove();
      form.append(made("p", { className: "wrong", role: "alert", textContent: error.message }));
    }
  };
  form.append(made("button", { className: "button", textContent: mine ? "Change" : "Subscribe" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [hour, minute] = time.value.split(":").map(Number);
    act({ cron: `${minute} ${hour} ${often.value}`, timezone: zone });
  });
  if (!mine) return;
  const end = made("button", { type: "button", className: "plain", textContent: "Unsubscribe" });
  end.addEventListener("click", () => act({}));
  form.append(" ", end);
}

function chosen(mine) {
  const [, minute, hour, days] = CRON.exec(mine?.cron ?? "") ?? [];
  const known = days in OFTEN || !mine;
  const often = made("select", { name: "often", required: true });
  if (!known) often.append(made("option", { value: days ?? "", textContent: `Other times (${mine.cron})` }));
  for (const [value, textContent] of Object.entries(OFTEN)) often.append(made("option", { value, textContent }));
  often.value = days ?? "* * *";
  const at = minute === undefined ? MORNING : `${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  return { often, time: made("input", { type: "time", name: "time", required: true, value: at }) };
}

function state(mine, mail) {
  if (!mine) return made("p", { className: "quiet", textContent: `It goes to ${mail}.` });
  const textContent = mine.is_active
    ? `You are subscribed. It goes to ${mail}.`
    : "Your subscription was ended: you lost the right to see this for a while, or an administrator switched it off.";
  return made("p", { role: "status", textContent });
}

function labelled(words, control) {
  return made("label", { className: "filter" }, made("span", { textContent: words }), control);
}
