// The dialog on a tenant's look: a picture from a file becomes the text that the API takes.

const LARGEST = 100_000;
const dialog = document.getElementById("look");
const [file, text, shown] = ["logo-file", "logo", "logo-shown"].map((id) => document.getElementById(id));

file?.addEventListener("change", () => {
  const wrong = dialog.querySelector("[data-wrong]");
  wrong.hidden = file.files[0].size <= LARGEST;
  wrong.textContent = "A logo has at most 100 kB.";
  if (!wrong.hidden) return;
  const reader = new window.FileReader();
  reader.addEventListener("load", () => {
    text.value = reader.result;
    shown.src = reader.result;
    shown.hidden = false;
  });
  reader.readAsDataURL(file.files[0]);
});
document.getElementById("logo-none")?.addEventListener("click", () => {
  text.value = "";
  shown.hidden = true;
});
for (const box of dialog?.querySelectorAll("[data-colour]") ?? []) {
  const field = document.getElementById(box.dataset.colour);
  box.addEventListener("input", () => (field.value = box.value));
}
