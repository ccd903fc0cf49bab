// Rubric: the running total, and keys that act inside the rubric only and can be switched off. Saving is autosave.mjs's.
const form = document.querySelector("[data-rubric]");
const panel = form ?? document.querySelector("[data-filed]");
const KEYS_OFF = "fund:review-keys-off";

function points(section) {
  return Number(section.querySelector("input[type=radio]:checked")?.value ?? -1);
}

function total() {
  let earned = 0;
  let whole = 0;
  let done = 0;
  for (const section of form.querySelectorAll("[data-weight]")) {
    const weight = Number(section.dataset.weight);
    const rated = points(section);
    const shown = section.querySelector("[data-earned]");
    shown.textContent = rated > 0 ? ((weight * rated) / 5).toFixed(1) : "";
    if (rated >= 0 && section.querySelector("textarea").value.trim()) done += 1;
    if (rated > 0) {
      earned += (weight * rated) / 5;
      whole += weight;
    }
  }
  form.querySelector("[data-total]").textContent = whole ? earned.toFixed(1) : "—";
  form.querySelector("[data-of]").textContent = String(whole);
  form.querySelector("[data-done]").textContent = String(done);
}

function remembered() {
  try { return localStorage.getItem(KEYS_OFF) === "1"; } catch { return false; }
}

/** The switch beside the buttons: single keys are a help for some and a trap for others. */
function watchSwitch() {
  const box = panel.querySelector("[data-keys]");
  if (!box) return () => true;
  box.checked = !remembered();
  box.addEventListener("change", () => {
    try { localStorage.setItem(KEYS_OFF, box.checked ? "0" : "1"); } catch { /* a closed store: it holds for this page */ }
  });
  return () => box.checked;
}

function rate(event) {
  const section = event.target.closest("[data-weight]");
  const choice = section && /^[0-5]$/.test(event.key) && section.querySelector(`input[value="${event.key}"]`);
  if (!choice) return;
  event.preventDefault();
  choice.click();
  choice.focus();
}

if (panel) {
  const keysOn = watchSwitch();
  panel.addEventListener("keydown", (event) => {
    if (form && event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("[data-save-next]"));
      return;
    }
    if (!keysOn() || event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea, select")) return;
    if (event.key === "n" || event.key === "N") panel.querySelector("[data-next]")?.click();
    else if (form) rate(event);
  });
}
if (form) {
  total();
  form.addEventListener("input", total);
}
