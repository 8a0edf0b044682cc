// What-if beyond its forms: sliders, an answer that comes at once and sharpens, and the address that stays true to it.
const form = document.getElementById("what-if");
const answer = document.getElementById("answer");
const said = document.getElementById("answer-said");
const live = form?.dataset.tab === "ahead";
let asking = false;
let again = false;
let watching = 0;

function fit(row, fresh) {
  const [name, text, range] = ["[data-what-name]", "[data-value]", "[data-range]"].map((part) => row.querySelector(part));
  const option = name.selectedOptions?.[0] ?? document.querySelector(`#known option[value="${CSS.escape(name.value)}"]`);
  if (fresh && !option && name.value !== "") return;
  const { now, unit, what, low, high } = option?.dataset ?? {};
  row.querySelector("label [data-unit]").textContent = unit ? `(${unit})` : "";
  row.querySelector("small").textContent = what ?? "";
  if (fresh) text.value = option?.value && now !== "" ? String(Number(now)) : "";
  range.hidden = low === undefined;
  if (range.hidden) return;
  range.min = low;
  range.max = high;
  range.step = "whole" in option.dataset ? 1 : (high - low) / 100;
  if (text.value !== "") range.value = text.value;
}

// While a new question has no first interval yet, the answer to the last one stays, pale, below how far it is.
function pending(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const now = fresh.getElementById("run");
  const waits = now?.dataset.over === "no" && !fresh.getElementById("h-answer") && Boolean(document.getElementById("h-answer"));
  answer.classList.toggle("old", waits);
  if (!waits) return false;
  now.querySelector("noscript")?.remove(); // a parsed document has no scripts, so what stands in there would be live
  const old = document.getElementById("run");
  if (old) old.replaceWith(now); else answer.prepend(now);
  return true;
}

// The part with the answer as the server worded it; what was open stays open, and the focus stays where it was.
function put(html) {
  if (pending(html)) return;
  const open = new Set([...answer.querySelectorAll("details[open] > summary[data-key]")].map((s) => s.dataset.key));
  const key = answer.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  const typed = answer.querySelector("#keep-reason")?.value;
  const left = [...answer.querySelectorAll(".scroll")].map((s) => s.scrollLeft);
  answer.innerHTML = html;
  for (const summary of answer.querySelectorAll("summary[data-key]")) summary.parentElement.open = open.has(summary.dataset.key);
  answer.querySelectorAll(".scroll").forEach((s, i) => { s.scrollLeft = left[i] ?? 0; });
  if (typed) { const field = answer.querySelector("#keep-reason"); if (field) field.value = typed; }
  if (key !== undefined) answer.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

function run() {
  const node = document.getElementById("run");
  return node ? { id: node.dataset.id, version: Number(node.dataset.version), over: node.dataset.over === "yes", here: node.dataset.here } : null;
}

function settle() {
  const now = run();
  if (now) history.replaceState(null, "", now.here);
  if (now && !now.over) watch();
  else said.textContent = document.getElementById("h-no") ? "Not simulated." : "The answer is there.";
}

// Watch one answer until it is over, or until another question has taken its place.
async function watch() {
  const mine = ++watching;
  let now = run();
  while (now && !now.over && mine === watching) {
    const query = now.here.split("?")[1] ?? "";
    try {
      const got = await fetch(`/what-if/answers/${now.id}/part?after=${now.version}&${query}`, { headers: { accept: "text/html" } });
      if (mine !== watching) return;
      if (got.status !== 204) put(await got.text());
    } catch {
      await new Promise((wake) => { setTimeout(wake, 1000); });
    }
    if (mine !== watching) return;
    now = run();
    if (now && !now.over) await new Promise((wake) => { setTimeout(wake, 60); });
  }
  if (mine === watching) settle();
}

async function ask() {
  if (asking) { again = true; return; }
  asking = true;
  watching += 1;
  try {
    const got = await fetch(form.action, { method: "POST", headers: { "x-part": "answer" }, body: new URLSearchParams(new FormData(form)) });
    put(await got.text());
  } catch {
    put('<section class="panel"><p>The twin did not answer. Press the button to ask again.</p></section>');
  }
  asking = false;
  if (again) { again = false; ask(); } else settle();
}

function trouble() {
  const kind = form.querySelector("#trouble");
  if (!kind) return;
  const option = kind.selectedOptions[0];
  form.querySelector("[data-trouble]").textContent = option.dataset.what ?? "";
  const hits = form.querySelector("#hits");
  for (const group of hits.querySelectorAll("optgroup")) group.hidden = group.dataset.kind !== kind.value;
  const fitting = hits.querySelector(`optgroup[data-kind="${CSS.escape(kind.value)}"]`);
  const chosen = hits.selectedOptions[0];
  if (fitting && chosen?.parentElement !== fitting) hits.value = fitting.querySelector("option").value;
  if (!fitting) hits.value = "";
  hits.closest(".field").hidden = !fitting;
}

function ends() {
  const select = form.querySelector("#ends");
  if (!select) return;
  for (const part of form.querySelectorAll("[data-for]")) part.hidden = !part.dataset.for.split(" ").includes(select.value);
}

if (form) {
  for (const row of form.querySelectorAll("[data-row]")) {
    const [name, text, range] = ["[data-what-name]", "[data-value]", "[data-range]"].map((part) => row.querySelector(part));
    fit(row, false);
    name.addEventListener("change", () => { fit(row, true); if (live && name.value === "") ask(); });
    range.addEventListener("input", () => { text.value = String(Number(Number(range.value).toPrecision(4))); if (live) ask(); });
    text.addEventListener("input", () => { if (!range.hidden) range.value = text.value; });
    text.addEventListener("change", () => { if (live && text.value !== "") ask(); });
  }
  trouble();
  ends();
  for (const id of ["from", "hours", "futures", "trouble", "hits", "begins", "lasts", "amount"]) {
    form.querySelector(`#${id}`)?.addEventListener("change", () => { trouble(); if (live) ask(); });
  }
  for (const box of form.querySelectorAll("input[type=checkbox]")) box.addEventListener("change", () => { if (live) ask(); });
  form.querySelector("#ends")?.addEventListener("change", ends);
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
  if (run()) settle();
  else if (live && !document.getElementById("h-no")) ask();
}
