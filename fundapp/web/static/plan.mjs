// The workbench: sliders beside numbers, what amounts do not keep named while they are typed, answers when they come.
const PAUSE = 4000;
const WAIT = 350;

function number(text) {
  return Number(String(text).replaceAll(",", "")) || 0;
}

// ---- settings ----

for (const slider of document.querySelectorAll("[data-knobs] input[type=range]")) {
  const box = document.getElementById(slider.dataset.for);
  slider.hidden = false;
  slider.addEventListener("input", () => (box.value = slider.value));
  box.addEventListener("input", () => (slider.value = number(box.value)));
}

// ---- amounts ----

const form = document.querySelector("form[data-choices]");

function show(place, text) {
  const found = new DOMParser().parseFromString(text, "text/html").body;
  if (found.textContent.trim() !== place.textContent.trim()) place.replaceChildren(...found.childNodes);
}

// Of a large call only the rows that somebody touched are sent: what is not sent stays as it is kept.
function touched(row) {
  return [...row.querySelectorAll("[name]")].some((field) => {
    if (field.matches("select")) return ![...field.options].every((one) => one.selected === one.defaultSelected);
    return field.matches("[type=checkbox]") ? field.checked !== field.defaultChecked : field.value !== field.defaultValue;
  });
}

function gathered() {
  const body = new URLSearchParams();
  for (const field of form.querySelectorAll("input[type=hidden]")) body.append(field.name, field.value);
  for (const row of form.querySelectorAll("tbody tr")) {
    if (!("typed" in form.dataset) && !touched(row)) continue;
    for (const field of row.querySelectorAll("[name]")) {
      if (!field.matches("[type=checkbox]") || field.checked) body.append(field.name, field.value);
    }
  }
  return body;
}

let asked = 0;
let timer;

async function check() {
  const mine = ++asked;
  try {
    const body = gathered();
    const answer = await fetch(form.dataset.choices, { method: "POST", body, credentials: "same-origin" });
    if (mine === asked && answer.ok && !answer.redirected) {
      show(document.querySelector("[data-verdict]"), await answer.text());
    }
  } catch {
    // The network may come back before the next number.
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(check, WAIT);
}

function draw(row) {
  const slider = row.querySelector("[data-gpu]");
  const box = row.querySelector("input[name^=gpu-]");
  const dot = row.querySelector("svg circle");
  const gap = row.querySelector("[data-gap]");
  if (!box) return;
  const off = number(box.value) - number(box.dataset.was);
  gap.textContent = off ? (off > 0 ? "+" : "−") + Math.abs(off).toLocaleString("en") : "=";
  if (dot && slider) {
    const share = Math.min(1, number(box.value) / number(slider.max));
    dot.setAttribute("cx", (6 + 92 * share).toFixed(1));
    dot.setAttribute("class", share > 0 ? "m-gpu" : "hollow");
    row.querySelector("svg .diamond").classList.toggle("on", !off && share > 0);
    const line = row.querySelector("svg .gap-line");
    line.setAttribute("d", line.getAttribute("d").replace(/H.*/, "H" + dot.getAttribute("cx")));
  }
}

if (form) {
  for (const slider of form.querySelectorAll("[data-gpu]")) {
    const row = slider.closest("tr");
    const box = row.querySelector("input[name^=gpu-]");
    slider.hidden = false;
    slider.addEventListener("input", () => {
      box.value = Number(slider.value).toLocaleString("en");
      draw(row);
      soon();
    });
    box.addEventListener("input", () => {
      slider.value = number(box.value);
      draw(row);
    });
  }
  form.addEventListener("input", soon);
  form.addEventListener("submit", () => {
    const sent = new Set(gathered().keys());
    for (const field of form.querySelectorAll("tbody [name]")) field.disabled = !sent.has(field.name);
  });
  // Of a large call another page is another request: what was typed and not saved would be gone.
  let sending = false;
  form.addEventListener("submit", () => (sending = true));
  addEventListener("beforeunload", (event) => {
    if ("paged" in form.dataset && !sending && [...form.querySelectorAll("tbody tr")].some(touched)) event.preventDefault();
  });
  addEventListener("pageshow", () => {
    sending = false;
    for (const field of form.querySelectorAll("tbody [name]")) field.disabled = false;
  });
  const refill = form.querySelector("[data-refill]");
  refill.hidden = false;
  refill.addEventListener("click", () => {
    for (const box of form.querySelectorAll("[data-was]")) {
      box.value = box.dataset.was;
      const row = box.closest("tr");
      const slider = row.querySelector("[data-gpu]");
      if (slider && box.matches("input")) slider.value = number(box.value);
      draw(row);
    }
    soon();
  });
}

// ---- answers ----

const answers = document.querySelector("[data-asked]");

async function look() {
  if (!answers.querySelector("[data-open]")) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(answers.dataset.asked, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) show(answers, await answer.text());
    } catch {
      // The network may come back before the next look.
    }
  }
  setTimeout(look, PAUSE);
}

if (answers) setTimeout(look, PAUSE);
if (document.querySelector("[data-reload]")) setTimeout(() => location.reload(), PAUSE);
