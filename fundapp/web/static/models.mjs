// While something asked for is open, look in on it every few seconds; what has not changed is not said again.
const box = document.querySelector("[data-asked]");
const PAUSE = 4000;

async function look() {
  if (!box.querySelector("[data-open]")) return;
  if (!document.hidden) {
    try {
      const answer = await fetch(box.dataset.asked, { credentials: "same-origin" });
      if (answer.ok && !answer.redirected) show(await answer.text());
    } catch {
      // The network may come back before the next look.
    }
  }
  setTimeout(look, PAUSE);
}

function show(text) {
  const found = new DOMParser().parseFromString(text, "text/html").body;
  if (found.textContent.trim() !== box.textContent.trim()) box.replaceChildren(...found.childNodes);
}

if (box) setTimeout(look, PAUSE);
