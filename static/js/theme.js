// Runs before the first paint: sets the theme that the person chose, or the system's, and follows its changes.
(() => {
  const root = document.documentElement;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const choice = root.dataset.themeChoice || "auto";
    const theme = choice === "auto" ? (dark.matches ? "dark" : "light") : choice;
    if (root.dataset.bsTheme === theme) return;
    root.dataset.bsTheme = theme;
    document.dispatchEvent(new CustomEvent("gristmill:theme", { detail: theme }));
  };
  apply();
  dark.addEventListener("change", apply);
  document.addEventListener("gristmill:theme-choice", (event) => {
    root.dataset.themeChoice = event.detail;
    apply();
  });
})();
