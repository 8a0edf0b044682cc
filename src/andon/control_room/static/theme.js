// Before the first paint: the theme that this browser chose, so that a night page never flashes white;
// and the word that scripts run, without which a page says that it is not live.
(() => {
  document.documentElement.classList.add("scripted");
  try {
    const chosen = localStorage.getItem("andon-theme");
    if (chosen === "day" || chosen === "night") document.documentElement.dataset.theme = chosen;
  } catch {
    // Storage is switched off: the system's preference holds.
  }
})();
