// Two versions of a dashboard: goes on while they run, and shows their pictures beside or upon each other.

const waiting = document.querySelector("[data-next]");
if (waiting) window.setTimeout(() => window.location.replace(waiting.dataset.next), 2500);

const pictures = document.querySelector("[data-pictures]");
const share = document.querySelector("[data-share]");

function look(button) {
  for (const one of document.querySelectorAll("[data-look]")) one.setAttribute("aria-pressed", String(one === button));
  pictures.dataset.pictures = button.dataset.look;
  share.hidden = button.dataset.look !== "slide";
}

function slide() {
  pictures.style.setProperty("--share", `${share.value}%`);
}

if (pictures) {
  for (const one of document.querySelectorAll("[data-look]")) one.addEventListener("click", () => look(one));
  share.addEventListener("input", slide);
  slide();
}
