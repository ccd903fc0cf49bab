// Rubric: the running total, a draft that survives a reload of this tab, and keys that act inside the rubric only.
const form = document.querySelector("[data-rubric]");

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

// Session storage ends with the tab, so an opinion does not stay behind on a shared machine.
const place = form ? `review-draft-${form.dataset.rubric}` : "";

function typed() {
  const fields = [...new FormData(form)].filter(([name]) => name !== "csrf_token" && name !== "key");
  return JSON.stringify(fields);
}

function say(text) {
  const time = new Date().toTimeString().slice(0, 8);
  form.querySelector("[data-draft]").textContent = `${time} ${text}`;
}

function restore() {
  const kept = sessionStorage.getItem(place);
  if (!kept || kept === typed() || form.querySelector(".errsum")) return;
  for (const [name, value] of JSON.parse(kept)) {
    const field = form.elements[name];
    if (field) field.value = value;
  }
  say(form.dataset.restored);
}

if (form) {
  let timer = 0;
  restore();
  total();
  form.addEventListener("input", () => {
    total();
    clearTimeout(timer);
    timer = setTimeout(() => {
      sessionStorage.setItem(place, typed());
      say(form.dataset.saved);
    }, 600);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      form.requestSubmit(form.querySelector("button[data-next]"));
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("textarea")) return;
    const section = event.target.closest("[data-weight]");
    const choice = section && /^[0-5]$/.test(event.key) && section.querySelector(`input[value="${event.key}"]`);
    if (choice) {
      event.preventDefault();
      choice.click();
      choice.focus();
    }
  });
  form.querySelector(".errsum")?.focus();
} else {
  // The review is saved: its draft has done its duty.
  const id = location.pathname.split("/").pop();
  for (const key of Object.keys(sessionStorage)) {
    if (key.startsWith(`review-draft-${id}`)) sessionStorage.removeItem(key);
  }
  document.querySelector(".pan")?.addEventListener("keydown", (event) => {
    if (event.key === "n" && !event.ctrlKey && !event.metaKey && !event.altKey) document.querySelector("[data-next]")?.click();
  });
}
