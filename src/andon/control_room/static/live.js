// One WebSocket: frames are put into the page as the server worded them. Nothing is computed here but ages.
const SILENT_MS = 2000;
const root = document.documentElement;
const memory = { at: 0, last: performance.now(), clock: "" };

export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${two(s % 60)} s`;
  if (s < 86400) return `${Math.floor(s / 3600)} h ${two(Math.floor((s % 3600) / 60))} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

function put(node, text) {
  if (node && node.textContent !== text) node.textContent = text;
}

function values(signals) {
  for (const node of document.querySelectorAll("[data-signal]")) {
    const now = signals[node.dataset.signal];
    if (!now) continue;
    const [text, state, since, quality, origin, warn] = now;
    put(node.querySelector(".v-text"), text);
    put(node.querySelector(".v-quality"), quality);
    put(node.querySelector(".v-origin"), origin);
    put(node.querySelector(".v-warn"), warn);
    const aged = node.querySelector(".v-age");
    if (aged && since !== null) aged.dataset.since = since;
    for (const name of [...node.classList]) if (name.startsWith("s-") && name !== `s-${state}`) node.classList.remove(name);
    node.classList.add(`s-${state}`);
  }
}

function fragments(parts) {
  for (const [name, html] of Object.entries(parts)) {
    for (const node of document.querySelectorAll(`[data-fragment="${name}"]`)) {
      const key = node.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
      node.innerHTML = html;
      if (key !== undefined) node.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
    }
  }
}

function vehicles(moves) {
  for (const node of document.querySelectorAll("[data-vehicle]")) {
    const move = moves[node.dataset.vehicle];
    if (!move) continue;
    const [x, y, state, stale] = move;
    node.style.transform = `translate(${x}px, ${y}px)`;
    node.classList.toggle("stale", stale);
    const title = node.querySelector("title");
    if (title) put(title, `${title.textContent.split(":")[0]}: ${state}`);
  }
}

function counts(numbers) {
  for (const node of document.querySelectorAll("[data-count]")) {
    const n = numbers[node.dataset.count];
    if (n === undefined) continue;
    put(node, String(n));
    node.hidden = n === 0;
  }
}

function ages() {
  for (const node of document.querySelectorAll("[data-since]")) put(node, age(memory.at - Number(node.dataset.since)));
}

function show(frame) {
  if (!Number.isFinite(frame.at)) return;
  memory.at = frame.at;
  memory.clock = frame.clock;
  if (frame.signals) values(frame.signals);
  if (frame.html) fragments(frame.html);
  if (frame.vehicles) vehicles(frame.vehicles);
  if (frame.counts) counts(frame.counts);
  ages();
}

function freeze(frozen) {
  const banner = document.getElementById("frozen");
  if (!banner || banner.hidden !== frozen) return;
  put(document.getElementById("frozen-at"), memory.clock || "the time this page was made");
  banner.hidden = !frozen;
  root.classList.toggle("frozen", frozen);
}

export function follow() {
  let wait = 500;
  const open = () => {
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/live`);
    socket.addEventListener("message", (event) => {
      memory.last = performance.now();
      wait = 500;
      show(JSON.parse(event.data));
      freeze(false);
    });
    socket.addEventListener("close", () => {
      setTimeout(open, wait);
      wait = Math.min(wait * 2, 5000);
    });
  };
  open();
  setInterval(() => freeze(performance.now() - memory.last > SILENT_MS), 250);
}
