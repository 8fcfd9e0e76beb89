// The account's page: the QR code of a second factor, recovery codes, and pages that are old once a dialog ends.
import { element } from "./api.js";

const SVG = '<svg xmlns="http://www.w3.org/2000/svg" '; // what a picture of its own needs to say

document.getElementById("enrol-factor")?.addEventListener("answer", ({ target, detail }) => {
  const picture = element("img", {
    alt: "",
    src: `data:image/svg+xml;base64,${window.btoa(detail.qr_svg.replace("<svg ", SVG))}`,
  });
  target.querySelector("[data-qr]").replaceChildren(picture);
});
document.getElementById("recovery-codes").addEventListener("answer", ({ target, detail }) => {
  target.querySelector("[data-codes]").textContent = detail.recovery_codes.join("\n");
});
for (const dialog of document.querySelectorAll("dialog[data-reload]")) {
  dialog.addEventListener("close", () => window.location.reload());
}
