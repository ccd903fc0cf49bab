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

// Letters can be switched off, and how dense the rows are is remembered; both on this device.
function remembered(name, fallback) {
  try { return localStorage.getItem(name) ?? fallback; } catch { return fallback; }
}

function remember(name, value) {
  try { localStorage.setItem(name, value); } catch { /* a private window keeps nothing */ }
}

function toggleButton(selector, name, apply) {
  const button = document.querySelector(selector);
  const show = (on) => { button?.setAttribute("aria-pressed", String(on)); apply(on); };
  show(remembered(name, "on") === "on");
  button?.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    remember(name, on ? "on" : "off");
    show(on);
  });
}

let letters = true;
toggleButton("[data-letters]", "docket-letters", (on) => { letters = on; });
toggleButton("[data-density]", "docket-dense", (on) => { region?.querySelector("table")?.classList.toggle("dense", on); });

const tabs = [...document.querySelectorAll("nav.tabs a")];
const single = (key) => key.length === 1;

function view(number) {
  tabs[number - 1]?.click();
}

const everywhere = {
  l: () => view(1),
  "/": () => document.querySelector("input[type=search]")?.focus(),
};
for (let number = 1; number <= 6; number += 1) everywhere[number] = () => view(number);

function submitSelected(selector) {
  const button = document.querySelector(selector);
  if (button && region.querySelector("tbody input[type=checkbox]:checked")) button.click();
}

const actions = {
  ...everywhere,
  c: () => submitSelected("[data-compare]"),
  m: () => submitSelected("[data-propose]"),
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
};

function countSelected() {
  const bulk = document.querySelector("[data-bulk]");
  if (!bulk) return;
  const number = region.querySelectorAll("tbody input[type=checkbox]:checked").length;
  bulk.hidden = number === 0;
  const compare = bulk.querySelector("[data-compare]");
  if (compare) compare.disabled = number < 2 || number > 4;
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
    const act = actions[single(event.key) ? event.key.toLowerCase() : event.key];
    if (!act || (single(event.key) && !letters)) return;
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

// The board: arrows move between cards and columns; what a card can do is in its menu.
const board = document.querySelector("[data-board]");
if (board) {
  const columns = [...board.querySelectorAll(".kb-col")].map((column) => [...column.querySelectorAll("[data-card]")]);
  const cards = columns.flat();
  cards.forEach((card, index) => { card.tabIndex = index === 0 ? 0 : -1; });
  const focusCard = (card) => {
    if (!card) return;
    cards.forEach((one) => { one.tabIndex = one === card ? 0 : -1; });
    card.focus();
    card.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  const place = (card) => {
    const column = columns.findIndex((one) => one.includes(card));
    return column < 0 ? [0, -1] : [column, columns[column].indexOf(card)];
  };
  const beside = (column, row, step) => {
    for (let next = column + step; next >= 0 && next < columns.length; next += step) {
      if (columns[next].length) return columns[next][Math.min(Math.max(row, 0), columns[next].length - 1)];
    }
    return null;
  };
  board.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("details[open] .menu-body")) return;
    const card = event.target.closest("[data-card]");
    const [column, row] = place(card);
    const moves = {
      ArrowDown: () => focusCard(columns[column]?.[row + 1] ?? (row < 0 ? cards[0] : null)),
      j: () => focusCard(columns[column]?.[row + 1] ?? (row < 0 ? cards[0] : null)),
      ArrowUp: () => focusCard(columns[column]?.[row - 1]),
      k: () => focusCard(columns[column]?.[row - 1]),
      ArrowRight: () => focusCard(beside(column, row, 1)),
      ArrowLeft: () => focusCard(beside(column, row, -1)),
      Home: () => focusCard(columns[column]?.[0]),
      End: () => focusCard(columns[column]?.at(-1)),
      Enter: () => { if (event.target === card) card.querySelector("a")?.click(); },
      m: () => { const menu = card?.querySelector("details"); if (menu) { menu.open = true; menu.querySelector(".menu-body a")?.focus(); } },
      Escape: () => { const menu = card?.querySelector("details[open]"); if (menu) { menu.open = false; card.focus(); } },
      ...everywhere,
    };
    const act = moves[single(event.key) ? event.key.toLowerCase() : event.key];
    if (!act || (single(event.key) && !letters) || (event.key === "Enter" && event.target !== card)) return;
    event.preventDefault();
    act();
  });
}
