// Headroom beside the amounts of an amendment, as they are typed.
const form = document.querySelector("[data-headroom]");
const rooms = form?.querySelector("[data-rooms]");
let waiting = 0;
let turn = 0;

async function weigh() {
  const mine = ++turn;
  const typed = new URLSearchParams();
  for (const field of form.querySelectorAll("[name=krw], [name^=pool_]")) {
    typed.set(field.name, field.value.replaceAll(",", "").trim() || "0");
  }
  const answer = await fetch(`${form.dataset.headroom}?${typed}`);
  if (!answer.ok || mine !== turn) return;
  rooms.innerHTML = (await answer.json()).html;
}

form?.addEventListener("input", (event) => {
  if (!event.target.matches("[name=krw], [name^=pool_]")) return;
  clearTimeout(waiting);
  waiting = setTimeout(weigh, 200);
});
