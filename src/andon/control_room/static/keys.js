// Keys for people who work here all day: `g` then a letter goes to a page, `?` shows the list. Off by a switch in Help.
const PAGES = { n: "/", d: "/decide", w: "/what-if", a: "/authority", r: "/record", c: "/challenges", s: "/signals" };
const OFF = "andon-keys-off";

const off = () => { try { return localStorage.getItem(OFF) === "1"; } catch { return false; } };

function theSwitch() {
  const box = document.getElementById("keys-switch");
  if (!box) return;
  box.closest("[hidden]")?.removeAttribute("hidden");
  box.checked = !off();
  box.addEventListener("change", () => { try { localStorage.setItem(OFF, box.checked ? "0" : "1"); } catch { /* stays on */ } });
}

export function listenForKeys() {
  theSwitch();
  let leader = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || off()) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const now = performance.now();
    if (event.key === "?") location.assign("/help");
    else if (event.key === "g") leader = now;
    else if (now - leader < 1500 && PAGES[event.key]) location.assign(PAGES[event.key]);
  });
}
