// Vote bar: 1, 2, 3 choose and Ctrl Enter votes, while focus is inside the bar (WCAG 2.1.4).
const bar = document.querySelector("[data-vote]");

bar?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    bar.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const choice = bar.querySelectorAll("input[type=radio]")[Number(event.key) - 1];
  if (choice) {
    event.preventDefault();
    choice.click();
    choice.focus();
  }
});
