// A meeting's or ballot's page while it is open: the server says that something changed, the page asks for its parts.
const room = document.querySelector("[data-live]");
const SLOWLY = 2000;
let asking = false;
let again = false;

async function refresh() {
  if (asking) {
    again = true;
    return;
  }
  asking = true;
  try {
    const answer = await fetch(room.dataset.live, { headers: { Accept: "text/html" } });
    if (answer.redirected || !answer.ok) return leave();
    const parts = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("[data-seen]");
    if (!parts) return leave();
    if (parts.dataset.state !== room.dataset.state) return location.reload();
    put(parts);
  } catch {
    // No connection: the next event or the next turn tries again.
  } finally {
    asking = false;
    if (again) {
      again = false;
      refresh();
    }
  }
}

function put(parts) {
  for (const part of [...parts.children].filter((one) => one.id)) {
    const old = document.getElementById(part.id);
    if (!old || old.innerHTML === part.innerHTML) continue;
    const held = old.contains(document.activeElement) ? document.activeElement : null;
    const place = held ? [...old.querySelectorAll("a,button,input")].indexOf(held) : -1;
    const scroll = old.scrollTop;
    old.innerHTML = part.innerHTML;
    old.scrollTop = scroll;
    if (place >= 0) old.querySelectorAll("a,button,input")[place]?.focus();
  }
}

// What must not be seen any more goes at once; the server then says what is left.
function leave() {
  document.querySelector("main").replaceChildren();
  location.reload();
}

function ask() {
  setInterval(() => document.hidden || refresh(), SLOWLY);
}

if (room && "EventSource" in window) {
  const told = new EventSource(room.dataset.events);
  told.addEventListener("room", refresh);
  told.addEventListener("leave", () => {
    told.close();
    leave();
  });
  told.addEventListener("error", () => {
    if (told.readyState === EventSource.CLOSED) ask();
  });
  window.addEventListener("pagehide", () => told.close());
} else if (room) {
  ask();
}
