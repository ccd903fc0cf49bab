// "auto" follows the system. A classic script in <head>, so that the first paint has the right colours.
(() => {
  const root = document.documentElement;
  if (root.dataset.themeChoice !== "auto") return;
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => root.setAttribute("data-bs-theme", dark.matches ? "dark" : "light");
  dark.addEventListener("change", apply);
  apply();
})();
// Signing out takes with it what this person's unsent forms keep on the device.
document.addEventListener("submit", (event) => {
  const person = event.target.dataset?.leaving;
  if (!person) return;
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(`fund:form:${person}:`)) localStorage.removeItem(key);
  } catch { /* a closed store holds nothing */ }
});
