// The audit's page: whether the chain of hashes is whole.
import { complain, say, send } from "./api.js";

document.querySelector("[data-verify]")?.addEventListener("click", async ({ target }) => {
  target.disabled = true;
  try {
    const found = await send("GET", "/audit/verify");
    if (found.whole) say(`The chain of all ${found.events.toLocaleString()} events is whole.`, "good");
    else say(`The chain breaks at event ${found.first_break}. Somebody changed the database past the platform.`, "bad");
  } catch (error) {
    complain(error, target);
  }
  target.disabled = false;
});
