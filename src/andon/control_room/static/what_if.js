// What-if beyond its form: sliders, and an answer that comes into the open page as soon as a value is changed.
const form = document.getElementById("what-if");
const answer = document.getElementById("answer");
let running = null;
let again = false;

function fit(row, fresh) {
  const [select, text, range] = [row.querySelector("select"), row.querySelector("input[type=text]"), row.querySelector("[data-range]")];
  const option = select.selectedOptions[0];
  const { now, unit, what, low, high } = option.dataset;
  row.querySelector("label [data-unit]").textContent = unit ? `(${unit})` : "";
  row.querySelector("small").textContent = what ?? "";
  if (fresh) text.value = option.value && now !== "" ? String(Number(now)) : "";
  range.hidden = low === undefined;
  if (range.hidden) return;
  range.min = low;
  range.max = high;
  range.step = "whole" in option.dataset ? 1 : (high - low) / 100;
  if (text.value !== "") range.value = text.value;
}

async function ask() {
  if (running) { again = true; return; }
  running = new FormData(form);
  answer.setAttribute("aria-busy", "true");
  try {
    const got = await fetch(form.action, { method: "POST", headers: { "x-part": "answer" }, body: new URLSearchParams(running) });
    answer.innerHTML = await got.text();
  } catch {
    answer.innerHTML = '<section class="panel"><p>The twin did not answer. Press the button to ask again.</p></section>';
  }
  answer.removeAttribute("aria-busy");
  running = null;
  if (again) { again = false; ask(); }
}

if (form) {
  for (const row of form.querySelectorAll("[data-row]")) {
    const [text, range] = [row.querySelector("input[type=text]"), row.querySelector("[data-range]")];
    fit(row, false);
    row.querySelector("select").addEventListener("change", () => fit(row, true));
    range.addEventListener("input", () => { text.value = String(Number(Number(range.value).toPrecision(4))); });
    text.addEventListener("input", () => { if (!range.hidden) range.value = text.value; });
    for (const field of [text, range]) field.addEventListener("change", ask);
  }
  form.addEventListener("submit", (event) => { event.preventDefault(); ask(); });
}
