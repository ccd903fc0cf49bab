// GPU request: live sums. The server draws the same figures, so the page works without this file.
const SCALE = 10000n; // hours are counted in ten-thousandths, as on the server

/** Typed hours in ten-thousandths; nonsense counts as nothing. */
export function readHours(text) {
  const found = /^\s*([\d,]+)(?:\.(\d{1,4}))?\s*$/.exec(text);
  return found ? BigInt(found[1].replaceAll(',', '') || '0') * SCALE + BigInt((found[2] ?? '').padEnd(4, '0')) : 0n;
}

/** Hours for reading: thousands separated, one decimal when there is a fraction. */
export function writeHours(minor) {
  const places = minor % SCALE === 0n ? 0 : 1;
  return (Number(minor) / 10000).toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });
}

const grouped = (number, places) => number.toLocaleString('en-US', { minimumFractionDigits: places, maximumFractionDigits: places });

/** Value in kind, as the server writes it. */
export function writeValue(minor, locale) {
  const won = Number(minor) / 10000;
  if (locale === 'en') {
    if (Math.round(won / 1e6) >= 1000) return `KRW ${grouped(won / 1e9, 2)}bn equivalent`;
    return won >= 1e6 ? `KRW ${grouped(won / 1e6, 0)}m equivalent` : `KRW ${grouped(won, 0)} equivalent`;
  }
  if (Math.round(won / 1e4) >= 1e4) return `${grouped(won / 1e8, 2)}억 상당`;
  return won >= 1e4 ? `${grouped(won / 1e4, 0)}만원 상당` : `${grouped(won, 0)}원 상당`;
}

function update(table) {
  const quarters = {};
  let hours = 0n, value = 0n;
  for (const row of table.querySelectorAll('tr[data-sku]')) {
    let sum = 0n;
    for (const cell of row.querySelectorAll('[data-rate]')) {
      const read = readHours(cell.value);
      const beyond = cell.parentElement.querySelector('[data-beyond]');
      if (beyond) beyond.hidden = read <= BigInt(cell.dataset.announced) * SCALE;
      sum += read;
      value += read * BigInt(cell.dataset.rate);
      quarters[cell.dataset.quarter] = (quarters[cell.dataset.quarter] ?? 0n) + read;
    }
    row.querySelector('[data-row]').textContent = writeHours(sum);
    const side = document.querySelector(`[data-sku-sum="${CSS.escape(row.dataset.sku)}"]`);
    if (side) side.textContent = writeHours(sum);
    hours += sum;
  }
  for (const cell of table.querySelectorAll('[data-sum]')) cell.textContent = writeHours(quarters[cell.dataset.sum] ?? 0n);
  for (const cell of document.querySelectorAll('[data-total]')) cell.textContent = writeHours(hours);
  for (const cell of document.querySelectorAll('[data-value]')) cell.textContent = writeValue(value, document.documentElement.lang);
  const cap = document.querySelector('[data-cap]');
  if (!cap) return;
  const share = Number((value * 1000n) / BigInt(cap.dataset.cap)) / 10;
  cap.querySelector('[data-cap-share]').textContent = `${Math.round(share)}%`;
  cap.querySelector('svg rect').setAttribute('width', `${Math.min(100, share)}%`);
}

if (typeof document !== 'undefined') {
  const table = document.querySelector('[data-gpu]');
  table?.addEventListener('input', () => update(table));
}
