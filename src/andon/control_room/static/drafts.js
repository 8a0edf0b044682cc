// Typed text stays: in this tab, per page and field, until the form that holds it has been recorded. Never passwords.
const KEY = "andon-drafts";

function load() {
  try { return JSON.parse(sessionStorage.getItem(KEY) ?? "{}"); } catch { return {}; }
}

function save(drafts) {
  try { sessionStorage.setItem(KEY, JSON.stringify(drafts)); } catch { /* kept only while the page is open */ }
}

const kept = (field) => field.matches("textarea, input[type=text], input[type=number], select") && field.name && field.form;
const place = (field) => `${location.pathname} ${new URL(field.form.action).pathname} ${field.name}`;

export function keepDrafts() {
  const drafts = load();
  if (new URLSearchParams(location.search).has("done")) {
    // What was just recorded is no longer a draft.
    for (const key of Object.keys(drafts)) if (key.startsWith(`${location.pathname} `) || key === "sent") delete drafts[key];
    for (const key of drafts.sent ?? []) delete drafts[key];
    save(drafts);
    const rest = new URLSearchParams(location.search);
    for (const name of ["done", "said", "seal"]) rest.delete(name);
    history.replaceState(null, "", location.pathname + (rest.size ? `?${rest}` : "") + location.hash);
  }
  for (const field of document.querySelectorAll("main textarea, main input, main select")) {
    if (kept(field) && drafts[place(field)] !== undefined) field.value = drafts[place(field)];
  }
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!kept(field) || !field.closest("main")) return;
    const now = load();
    now[place(field)] = field.value;
    save(now);
  });
}
