// On a narrow screen the navigation is a strip: show the entry one is on, without moving the page itself.
(() => {
  const side = document.querySelector("nav.side");
  const entry = side?.querySelector("[aria-current]");
  if (!entry) return;
  const strip = side.getBoundingClientRect();
  const own = entry.getBoundingClientRect();
  side.scrollLeft += own.left + own.width / 2 - (strip.left + strip.width / 2);
  if (own.bottom > strip.bottom) side.scrollTop += own.bottom - strip.bottom;
})();
