// A tenant's members: the dialog that gives somebody a role they lack.
import { element } from "./api.js";

document.addEventListener("click", ({ target }) => {
  const giving = target.closest("[data-give]");
  if (!giving) return;
  const dialog = document.getElementById("give-role");
  dialog.querySelector("[name=username]").value = giving.dataset.give;
  dialog
    .querySelector("[name=role]")
    .replaceChildren(...giving.dataset.lacks.split(" ").map((name) => element("option", {}, name)));
  dialog.showModal();
});
