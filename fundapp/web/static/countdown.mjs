// The time left, counted on from what the server said. Without this script the page still tells the time it was made at.
for (const shown of document.querySelectorAll("[data-left]")) {
  const whole = Number(shown.dataset.left);
  const begun = performance.now();
  const units = [...shown.querySelectorAll("[data-unit]")];
  const tick = () => {
    let left = Math.max(0, whole - Math.floor((performance.now() - begun) / 1000));
    for (const unit of units) {
      const size = Number(unit.dataset.unit);
      unit.textContent = String(Math.floor(left / size));
      left %= size;
    }
  };
  setInterval(tick, 1000);
}
