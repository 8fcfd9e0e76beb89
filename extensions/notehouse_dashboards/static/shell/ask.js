// The form by which somebody asks the owner of a dashboard to let them see it.

const form = document.querySelector("[data-ask]");

form?.addEventListener("submit", async (event) => {
  event.preventDefault();
  const told = form.querySelector("[role=status]");
  const headers = { "X-XSRFToken": form.dataset.xsrf, "Content-Type": "application/json" };
  const body = JSON.stringify({ message: form.elements.message.value });
  const answer = await fetch(form.dataset.ask, { method: "POST", body, headers, redirect: "manual" }).catch(() => null);
  const content = (await answer?.json().catch(() => null)) ?? {};
  told.textContent = content.message ?? content.error ?? "The server does not answer. Try again in a moment.";
  if (answer?.ok) form.querySelector("button").disabled = true;
});
