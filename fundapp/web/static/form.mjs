// Application form: live arithmetic. The server computes the same figures, so the page works without this file.
// Markup is found by data attributes; geometry is written to SVG attributes, never to styles.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
const english = globalThis.document?.documentElement.lang === "en";
const grouped = new Intl.NumberFormat(english ? "en-US" : "ko-KR");
const WEIGHTS = [1, 3, 7, 1, 3, 7, 1, 3, 5];
const DAY = 86_400_000;

/** 사업자등록번호: weights 1-3-7-1-3-7-1-3-5, plus the carry of the ninth digit, final modulo 10. */
export function businessNumberOk(text) {
  const digits = text.replace(/\D/g, "");
  if (digits.length !== 10) return false;
  const sum = WEIGHTS.reduce((total, weight, i) => total + weight * digits[i], Math.floor((digits[8] * 5) / 10));
  return (10 - (sum % 10)) % 10 === Number(digits[9]);
}

/** 업력: whole years, months and days from founding to the basis date. Both are UTC dates. */
export function companyAge(from, to) {
  let years = to.getUTCFullYear() - from.getUTCFullYear();
  let months = to.getUTCMonth() - from.getUTCMonth();
  let days = to.getUTCDate() - from.getUTCDate();
  if (days < 0) {
    months -= 1;
    days += new Date(Date.UTC(to.getUTCFullYear(), to.getUTCMonth(), 0)).getUTCDate();
  }
  if (months < 0) {
    years -= 1;
    months += 12;
  }
  return { years, months, days };
}

/** Whole number in a field that may hold separators. */
export function amountOf(text) {
  return Number(text.replace(/[^\d]/g, "")) || 0;
}

/** <input data-business-number>: writes the hyphens; the message beneath follows the check digit. */
function showBusinessNumber(input) {
  const digits = input.value.replace(/\D/g, "").slice(0, 10);
  if (digits.length === 10) input.value = `${digits.slice(0, 3)}-${digits.slice(3, 5)}-${digits.slice(5)}`;
  const bad = digits.length === 10 && !businessNumberOk(digits);
  input.closest(".field")?.classList.toggle("is-bad", bad);
  input.classList.toggle("bad", bad);
  input.setAttribute("aria-invalid", String(bad));
  const good = $("[data-business-number-ok]");
  if (good) good.hidden = digits.length !== 10 || bad;
}

/** data-age with data-basis="2026-11-02" and data-limit-years="7"; reads <input type="date" data-founded>. */
function showAge() {
  const box = $("[data-age]");
  const founded = $("[data-founded]");
  if (!box || !founded?.value) return;
  const from = new Date(founded.value);
  const to = new Date(box.dataset.basis);
  if (Number.isNaN(from.getTime()) || from > to) return;
  const age = companyAge(from, to);
  $("[data-age-from]", box).textContent = founded.value;
  $("[data-age-sum]", box).textContent = english
    ? `${age.years} y ${age.months} m ${age.days} d`
    : `${age.years}년 ${age.months}개월 ${age.days}일`;
  const limit = new Date(from);
  limit.setUTCFullYear(from.getUTCFullYear() + Number(box.dataset.limitYears));
  const left = Math.round((limit - to) / DAY);
  const verdict = $("[data-age-verdict]", box);
  if (!verdict) return;
  const good = left >= 0;
  verdict.classList.toggle("ok-text", good);
  verdict.classList.toggle("err-text", !good);
  const days = grouped.format(Math.abs(left));
  if (english) verdict.textContent = good ? `Within the limit, ${days} days to spare` : `${days} days past the limit`;
  else verdict.textContent = good ? `기한 안입니다 (${days}일 여유)` : `기한을 ${days}일 지났습니다`;
}

/** table data-gpu-hours: rows data-sku, inputs data-hours; sums to data-row, data-total and data-cap-bar. */
function showHours() {
  const table = $("[data-gpu-hours]");
  if (!table) return;
  let total = 0;
  let value = 0;
  for (const row of $$("tr[data-sku]", table)) {
    const sum = $$("[data-hours]", row).reduce((all, input) => all + amountOf(input.value), 0);
    total += sum;
    value += sum * Number(row.dataset.won || 0);
    const shown = $("[data-row]", row);
    if (shown) shown.textContent = grouped.format(sum);
  }
  for (const place of $$("[data-total]")) place.textContent = grouped.format(total);
  for (const place of $$("[data-value]")) place.textContent = grouped.format(value);
  const cap = Number(table.dataset.cap || 0);
  if (!cap) return;
  for (const bar of $$("[data-cap-bar]")) bar.setAttribute("width", `${Math.min(100, (value / cap) * 100)}%`);
  for (const place of $$("[data-cap-share]")) place.textContent = `${Math.round((value / cap) * 100)}%`;
}

if (typeof document !== "undefined") {
  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-business-number]")) showBusinessNumber(event.target);
    showAge();
    showHours();
  });
  showAge();
  showHours();
}
