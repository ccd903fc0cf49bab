// A button beside each password that shows what was typed. Without this script the field is a plain password field.
const words = document.currentScript.dataset;
for (const field of document.querySelectorAll("input[type=password]")) {
  const button = document.createElement("button");
  const row = document.createElement("div");
  const label = document.querySelector(`label[for="${field.id}"]`);
  const say = (shown) => {
    button.textContent = shown ? words.hide : words.show;
    button.setAttribute("aria-pressed", String(shown));
  };
  button.type = "button";
  if (label) {
    label.id ||= `${field.id}-label`;
    button.setAttribute("aria-describedby", label.id);
  }
  button.className = "btn btn-quiet";
  row.className = "reveal";
  field.replaceWith(row);
  row.append(field, button);
  say(false);
  button.addEventListener("click", () => {
    const shown = field.type === "password";
    field.type = shown ? "text" : "password";
    say(shown);
  });
  field.form.addEventListener("submit", () => { field.type = "password"; });
}
