// Calls of the API with the page's token, and what is said to the person.

export const page = document.documentElement.dataset;

export function say(text, kind) {
  const notice = element("p", { className: `notice ${kind}`, textContent: text });
  document.querySelector("[data-notices]").replaceChildren(notice);
  notice.scrollIntoView({ block: "nearest" });
}

/** Say something on the page that comes next. */
export function sayThere(text) {
  if (text) sessionStorage.setItem("notehouse-said", text);
}

export function sayFromBefore() {
  const text = sessionStorage.getItem("notehouse-said");
  sessionStorage.removeItem("notehouse-said");
  if (text) say(text, "good");
}

/** Show what went wrong next to the form it is about, or on top of the page. */
export function complain(error, near) {
  if (error.message === "") return; // somebody chose not to
  const place = near?.closest("form, dialog, [data-complains]")?.querySelector("[data-wrong]");
  if (!place) return say(error.message, "bad");
  place.textContent = error.message;
  place.hidden = false;
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

/** Call the API with the page's token; answers the JSON. Throws an Error with the API's own message, code and details. */
export async function send(method, path, body, headers = {}, signal = undefined) {
  const answer = await fetch(page.api + path, {
    method,
    headers: { "Content-Type": "application/json", "X-XSRFToken": page.xsrf, ...headers },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => ({}));
  if (answer.ok) return content;
  const { code, message, details } = content.error ?? {};
  if (code === "unconfirmed" && (await passwordShown())) return send(method, path, body, headers, signal);
  if (code === "unconfirmed") throw new Error("");
  throw Object.assign(new Error(message ?? `The server answered ${answer.status}.`), { code, details });
}

/** Ask for the password once more; true once it was right, false when somebody leaves it. */
function passwordShown() {
  const dialog = document.getElementById("confirm-password");
  const [form, field] = [dialog.querySelector("form"), document.getElementById("confirm-password-field")];
  return new Promise((resolve) => {
    let right = false;
    const check = async (event) => {
      event.preventDefault();
      try {
        await send("POST", "/me/confirm", { password: field.value });
        right = true;
        dialog.close();
      } catch (error) {
        complain(error, form);
        field.select();
      }
    };
    const done = () => {
      form.removeEventListener("submit", check);
      form.reset();
      form.querySelector("[data-wrong]").hidden = true;
      resolve(right);
    };
    form.addEventListener("submit", check);
    dialog.addEventListener("close", done, { once: true });
    dialog.showModal();
  });
}
