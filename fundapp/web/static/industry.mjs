/** A field for an industry code that offers what is being typed: the combobox pattern of the ARIA practices. */

const WAIT_MS = 150;
let made = 0;

function option(list, id, row) {
  const item = document.createElement("li");
  item.id = id;
  item.setAttribute("role", "option");
  item.setAttribute("aria-selected", "false");
  item.dataset.code = row.code;
  const code = document.createElement("code");
  code.textContent = row.code;
  item.append(code, ` ${row.name}`);
  list.append(item);
}

function become(input) {
  made += 1;
  const list = document.createElement("ul");
  list.id = `industries-${made}`;
  list.className = "plain options";
  list.hidden = true;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", document.querySelector(`label[for="${input.id}"]`)?.textContent?.trim() ?? "");
  const box = document.createElement("div");
  box.className = "combo";
  input.before(box);
  box.append(input, list);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id]]) {
    input.setAttribute(name, value);
  }
  input.setAttribute("aria-expanded", "false");
  input.setAttribute("autocomplete", "off");
  let timer = 0;
  let asked = "";

  const shown = () => !list.hidden;
  const active = () => list.querySelector('[aria-selected="true"]');
  const close = () => {
    list.hidden = true;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (item) => {
    asked = input.value = item.dataset.code;
    close();
    input.dispatchEvent(new Event("input", { bubbles: true }));
    input.dispatchEvent(new Event("change", { bubbles: true }));
  };
  const move = (step) => {
    const items = [...list.children];
    if (!items.length) return;
    const place = items.indexOf(active());
    const next = items[(place + step + items.length + (place < 0 && step < 0 ? 1 : 0)) % items.length];
    for (const item of items) item.setAttribute("aria-selected", String(item === next));
    input.setAttribute("aria-activedescendant", next.id);
    next.scrollIntoView({ block: "nearest" });
  };
  const ask = async () => {
    const words = input.value.trim();
    if (words === asked) return;
    asked = words;
    if (!words) return close();
    const answer = await fetch(`${input.dataset.industry}?q=${encodeURIComponent(words)}`);
    if (!answer.ok || words !== asked) return;
    const { found } = await answer.json();
    list.replaceChildren();
    found.forEach((row, place) => option(list, `${list.id}-${place}`, row));
    if (!found.length) return close();
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    input.removeAttribute("aria-activedescendant");
  };

  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && shown()) close();
    else if (event.key === "ArrowDown" && shown()) move(1);
    else if (event.key === "ArrowUp" && shown()) move(-1);
    else if (event.key === "Enter" && shown() && active()) choose(active());
    else return;
    event.preventDefault();
  });
  input.addEventListener("blur", () => close());
  list.addEventListener("mousedown", (event) => {
    event.preventDefault();
    const item = event.target.closest("[role=option]");
    if (item) choose(item);
  });
}

for (const input of document.querySelectorAll("input[data-industry]")) become(input);
