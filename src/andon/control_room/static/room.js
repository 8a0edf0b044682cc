// What every page does beyond showing itself: keep live, keep typed text, day and night, keys. All of it optional.
import { follow } from "./live.js";
import { keepDrafts } from "./drafts.js";
import { listenForKeys } from "./keys.js";

function themeButton() {
  const button = document.getElementById("theme");
  if (!button) return;
  button.hidden = false;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const isNight = () => (document.documentElement.dataset.theme ?? (dark.matches ? "night" : "day")) === "night";
  const say = () => button.setAttribute("aria-pressed", String(isNight()));
  button.setAttribute("aria-label", "Night colours");
  say();
  dark.addEventListener("change", say);
  button.addEventListener("click", () => {
    const next = isNight() ? "day" : "night";
    document.documentElement.dataset.theme = next;
    try { localStorage.setItem("andon-theme", next); } catch { /* the choice lasts as long as the page */ }
    say();
  });
}

// Parts that are asked for again every few seconds, such as a trend.
function refreshParts() {
  for (const part of document.querySelectorAll("[data-refresh]")) {
    setInterval(async () => {
      if (document.hidden) return;
      try {
        const answer = await fetch(part.dataset.refresh, { headers: { accept: "text/html" } });
        if (answer.ok) part.innerHTML = await answer.text();
      } catch { /* the banner says that the stream is silent */ }
    }, Number(part.dataset.every ?? 5000));
  }
}

themeButton();
keepDrafts();
listenForKeys();
refreshParts();
follow();
