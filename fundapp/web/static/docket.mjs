// Keyboard layer of a list table. Single keys act only while focus is inside the table (WCAG 2.1.4).
// Markup: a scroll region with data-docket around a table; each row's checkbox is optional.
const region = document.querySelector("[data-docket]");
const rows = region ? [...region.querySelectorAll("tbody tr")] : [];
let at = 0;

function mark(row, selected) {
  row.classList.toggle("sel", selected);
  if (selected) row.setAttribute("aria-selected", "true");
  else row.removeAttribute("aria-selected");
}

function go(index) {
  rows[at].classList.remove("cur");
  rows[at].tabIndex = -1;
  at = Math.min(rows.length - 1, Math.max(0, index));
  rows[at].classList.add("cur");
  rows[at].tabIndex = 0;
  rows[at].focus({ preventScroll: true });
  rows[at].scrollIntoView({ block: "nearest" });
}

function toggle() {
  const box = rows[at].querySelector("input[type=checkbox]");
  if (!box || box.disabled) return;
  box.checked = !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

function clear() {
  for (const box of region.querySelectorAll("tbody input[type=checkbox]:checked")) {
    box.checked = false;
    box.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

const actions = {
  j: () => go(at + 1),
  ArrowDown: () => go(at + 1),
  k: () => go(at - 1),
  ArrowUp: () => go(at - 1),
  Home: () => go(0),
  End: () => go(rows.length - 1),
  x: toggle,
  Escape: clear,
  Enter: () => rows[at].querySelector("th a, td a")?.click(),
  n: () => document.querySelector("[data-next]")?.click(),
  "/": () => document.querySelector("input[type=search]")?.focus(),
};

function countSelected() {
  const bulk = document.querySelector("[data-bulk]");
  if (!bulk) return;
  const number = region.querySelectorAll("tbody input[type=checkbox]:checked").length;
  bulk.hidden = number === 0;
  const shown = bulk.querySelector("[data-bulk-count]");
  if (shown) shown.textContent = String(number);
}

if (rows.length) {
  rows.forEach((row, index) => { row.tabIndex = index === 0 ? 0 : -1; });
  region.addEventListener("focusin", (event) => {
    const index = rows.indexOf(event.target.closest("tbody tr"));
    if (index >= 0) at = index;
  });
  region.addEventListener("keydown", (event) => {
    const elsewhere = event.target.matches("input:not([type=checkbox]),select,textarea,a,button");
    if (event.ctrlKey || event.metaKey || event.altKey || (elsewhere && event.key.length > 1)) return;
    if (event.target.matches("input:not([type=checkbox]),select,textarea")) return;
    const act = actions[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  region.addEventListener("change", (event) => {
    const all = event.target.closest("thead");
    if (all) {
      for (const box of region.querySelectorAll("tbody input[type=checkbox]:not(:disabled)")) {
        box.checked = event.target.checked;
        mark(box.closest("tr"), box.checked);
      }
    } else {
      const row = event.target.closest("tbody tr");
      if (row) mark(row, event.target.checked);
    }
    countSelected();
  });
  countSelected();
}
