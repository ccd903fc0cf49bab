// The application form: autosave that loses nothing, rows, questions that depend on answers. Without this file the
// buttons of the page do the same. What is typed is kept on the device at once, by person and application, until the
// server has it; what somebody else changed meanwhile is settled question by question.
const QUIET_MS = 3000;
const LONGEST_MS = 10000;
const LONGEST_KEEPALIVE = 60000; // browsers refuse larger bodies of requests that outlive their page
const ANSWER = 'a_';

/** Fields whose value differs from what the server has; `known` are refused ones that nobody has touched since. */
export function changedFields(saved, present, known = {}) {
  return Object.fromEntries(Object.entries(present).filter(([name, value]) => (saved[name] ?? '') !== value && known[name] !== value));
}

/** When to save next: after a pause, but never later than ten seconds after the first unsaved change. */
export function dueIn(firstChangeAt, now) {
  return Math.max(0, Math.min(QUIET_MS, firstChangeAt + LONGEST_MS - now));
}

/** What lies on the device under a prefix, oldest first. */
function keptCopies(prefix) {
  const copies = [];
  try {
    for (let i = 0; i < localStorage.length; i += 1) {
      const key = localStorage.key(i);
      if (key.startsWith(prefix)) copies.push({ key, ...JSON.parse(localStorage.getItem(key)) });
    }
  } catch { /* a closed store, or something that is not ours */ }
  return copies.sort((a, b) => a.at - b.at);
}

function drop(key) {
  try { localStorage.removeItem(key); } catch { /* a closed store */ }
}

/** Copies that no open page is working on. Where browsers cannot tell, all of them. */
async function orphans(prefix) {
  const copies = keptCopies(prefix);
  if (!copies.length || !navigator.locks) return copies;
  const held = new Set((await navigator.locks.query()).held.map((lock) => lock.name));
  return copies.filter((copy) => !held.has(copy.key));
}

async function post(address, token, body) {
  const text = JSON.stringify(body);
  return fetch(address, {
    method: 'POST', keepalive: text.length * 3 < LONGEST_KEEPALIVE, credentials: 'same-origin', redirect: 'manual',
    headers: { 'Content-Type': 'application/json', 'X-CSRFToken': token }, body: text,
  });
}

class Autosave {
  constructor(form) {
    this.form = form;
    this.words = form.dataset;
    this.status = document.querySelector('#save-state');
    this.text = this.status.querySelector('[data-save-text]');
    this.door = this.status.querySelector('[data-save-door]');
    this.key = `${this.words.store}:${crypto.getRandomValues(new Uint32Array(2)).join('')}`;
    this.bases = Object.fromEntries(Object.entries(JSON.parse(form.elements.base.value || '{}')).map(([key, mark]) => [ANSWER + key, mark]));
    this.saved = this.present();
    this.refused = {};
    this.unkept = {};
    this.notSaved();
    this.clashes = new Set();
    this.firstChangeAt = 0;
    this.timer = 0;
    this.running = null;
    this.halted = false;
    this.passing = false;
    this.serverFailed = false;
    navigator.locks?.request(this.key, () => new Promise(() => {}));
    for (const kind of ['input', 'change']) form.addEventListener(kind, () => this.touch());
    form.addEventListener('submit', (event) => this.beforeSubmit(event));
    document.addEventListener('visibilitychange', () => this.save());
    for (const kind of ['blur', 'focus', 'online']) window.addEventListener(kind, () => this.save());
    window.addEventListener('offline', () => this.touch());
    this.restore();
  }

  /** Every answer on the page as text; rows as a list, what nobody has chosen yet as blank. */
  present() {
    const present = {};
    for (const field of this.form.elements) if (field.name?.startsWith(ANSWER) && !field.closest('[data-rows]')) present[field.name] = '';
    for (const [name, value] of new FormData(this.form)) if (name in present) present[name] = value.replaceAll('\r\n', '\n');
    for (const rows of this.form.querySelectorAll('[data-rows]')) present[rows.dataset.rows] = readRows(rows);
    return present;
  }

  /** On a page that the server refused, what it could not store is nowhere but here, and on the device if it may. */
  notSaved() {
    for (const name of JSON.parse(this.words.unkept || '[]')) this.unkept[name] = this.saved[name];
    for (const name of JSON.parse(this.words.unsaved || '[]')) { this.refused[name] = this.saved[name]; this.saved[name] = null; }
    if (Object.keys(this.refused).length) this.keep();
  }

  write(name, value) {
    const rows = this.form.querySelector(`[data-rows="${CSS.escape(name)}"]`);
    if (rows) writeRows(rows, value);
    else if (this.form.elements[name] instanceof RadioNodeList) for (const option of this.form.elements[name]) option.checked = option.value === value;
    else if (this.form.elements[name]) this.form.elements[name].value = value;
    this.form.dispatchEvent(new CustomEvent('written'));
  }

  changes() {
    const changed = changedFields(this.saved, this.present(), this.refused);
    for (const name of this.clashes) delete changed[name];
    return changed;
  }

  say(text, tone = '', door = false) {
    if (this.text.textContent !== text) this.text.textContent = text;
    this.door.hidden = !door;
    this.status.classList.toggle('save-bad', tone === 'bad');
    this.status.classList.toggle('save-wait', tone === 'wait');
  }

  touch() {
    if (this.halted) { this.keep(); return; }
    if (!this.keep()) { if (!this.running && this.firstChangeAt) { this.firstChangeAt = 0; this.say(this.words.textSame); } return; }
    const now = Date.now();
    this.firstChangeAt ||= now;
    if (!this.running && this.door.hidden) this.say(this.words.textDevice, 'wait');
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), dueIn(this.firstChangeAt, now));
  }

  /** Send what has changed; resolves to whether the server has everything. One request at a time. */
  save() {
    if (this.running) return this.running;
    const fields = this.changes();
    if (this.halted || Object.keys(fields).length === 0) return Promise.resolve(!this.halted && this.clashes.size === 0);
    clearTimeout(this.timer);
    this.firstChangeAt = 0;
    if (this.door.hidden) this.say(this.words.textSaving, 'wait');
    this.running = this.send(fields).catch(() => this.wait(this.words.textOffline)).then((arrived) => {
      this.running = null;
      if (arrived) this.touch();
      return arrived;
    });
    return this.running;
  }

  async send(fields, again = false) {
    const { elements } = this.form;
    const bases = Object.fromEntries(Object.keys(fields).filter((name) => name in this.bases).map((name) => [name, this.bases[name]]));
    const response = await post(this.words.autosave, elements.csrf_token.value, { revision: elements.revision.value, fields, bases });
    // Without its session the form's token is refused (400) before anybody asks to sign in (a redirect).
    if (response.type === 'opaqueredirect' || response.status === 400) {
      const known = again ? null : await this.newToken();
      if (known === 'other') return this.halt(this.words.textOther);
      return known === 'same' ? this.send(fields, true) : this.wait(this.words.textSignin, true);
    }
    this.serverFailed = response.status >= 500 || response.status === 429;
    if (this.serverFailed) throw new Error(String(response.status));
    const answer = await response.json();
    if (!answer.marks) return this.halt(answer.error.message);
    this.take(answer, fields);
    return response.ok;
  }

  /** The page's token ended with its session; a session that began since has another one. */
  async newToken() {
    const response = await fetch(this.words.token, { credentials: 'same-origin', redirect: 'manual', cache: 'no-store' });
    if (!response.ok) return null;
    const { token, person } = await response.json();
    if (person !== this.words.person) return 'other';
    this.form.elements.csrf_token.value = token;
    return 'same';
  }

  take(answer, fields) {
    const clashes = answer.clashes ?? {};
    this.form.elements.revision.value = answer.revision;
    for (const [name, value] of Object.entries(fields)) {
      if (name in clashes) this.clash(name, clashes[name].text, clashes[name].said, answer.marks[name]);
      else if (answer.unsaved.includes(name)) this.refused[name] = value;
      else { this.saved[name] = value; this.bases[name] = answer.marks[name]; delete this.refused[name]; }
      if (answer.unkept.includes(name)) this.unkept[name] = value;
    }
    this.mark(answer.problems, fields);
    this.keep();
    if (this.clashes.size) this.say(this.words.textClash, 'bad');
    else if (answer.unsaved.length) this.say(this.words.textUnsaved, 'bad');
    else this.say(`${this.words.textSaved} ${answer.saved_at}`);
  }

  /** Nothing more can be saved from here; the page keeps what was typed, and so does the device. */
  halt(text) {
    this.halted = true;
    this.keep();
    this.say(text, 'bad');
    return false;
  }

  wait(text, door = false) {
    this.say(text, 'bad', door);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), LONGEST_MS);
    return false;
  }

  mark(problems, fields) {
    for (const name of Object.keys(fields)) {
      const field = this.form.elements[name];
      if (!(field instanceof HTMLElement)) continue;
      field.classList.toggle('bad', name in problems);
      field.setAttribute('aria-invalid', String(name in problems));
      field.title = problems[name] ?? '';
    }
  }

  /** Keep on the device what the server does not have, but no resident number; say whether there is any to send. */
  keep() {
    const present = this.present();
    const fields = changedFields(this.saved, present, this.unkept);
    const names = Object.keys(fields);
    if (!names.length) { drop(this.key); return false; }
    const bases = Object.fromEntries(names.filter((name) => name in this.bases).map((name) => [name, this.bases[name]]));
    try {
      localStorage.setItem(this.key, JSON.stringify({ at: Date.now(), address: this.words.autosave, page: window.location.pathname, title: document.querySelector('h1').textContent, fields, bases }));
    } catch { this.say(this.words.textPage, 'bad'); }
    return Object.keys(changedFields(this.saved, present, this.refused)).length > 0;
  }

  /** Put back what a page that is gone could not save; where two of them differ, both are shown. */
  async restore() {
    const copies = await orphans(`${this.words.store}:`);
    const before = this.present();
    const put = {};
    for (const copy of copies) {
      for (const [name, value] of Object.entries(copy.fields)) {
        if (!(name in before) || value === this.present()[name]) continue;
        if (name in put) this.clash(name, put[name], put[name], copy.bases[name]);
        this.write(name, value);
        put[name] = value;
        if (name in copy.bases) this.bases[name] = copy.bases[name];
      }
    }
    if (Object.keys(put).length && this.keep()) {
      this.say(this.words.textRestored, 'wait');
      this.timer = setTimeout(() => this.save(), QUIET_MS);
    }
    for (const copy of copies) drop(copy.key);
    if (Object.keys(this.refused).length) this.say(this.words.textUnsaved, 'bad');
  }

  /** Show what somebody else wrote beside what stands here, and let one of the two be chosen. */
  clash(name, text, said, mark) {
    const field = this.form.elements[name];
    const place = this.form.querySelector(`[data-rows="${CSS.escape(name)}"]`) ?? (field instanceof RadioNodeList ? field[0] : field);
    const box = document.querySelector('#clash').content.firstElementChild.cloneNode(true);
    this.clashes.add(name);
    this.form.querySelector(`[data-clash="${CSS.escape(name)}"]`)?.remove();
    box.dataset.clash = name;
    box.querySelector('[data-theirs]').textContent = said || box.dataset.blank;
    box.addEventListener('click', (event) => {
      const choice = event.target.closest('button')?.value;
      if (!choice) return;
      if (mark !== undefined) this.bases[name] = mark;
      if (choice === 'theirs') { this.write(name, text); this.saved[name] = text; }
      this.clashes.delete(name);
      box.remove();
      place.closest('.field').querySelector('input:not([type=hidden]), textarea, select')?.focus();
      this.keep();
      if (!this.clashes.size) this.say(this.words.textDevice, 'wait');
      if (!Object.keys(this.changes()).length && !this.clashes.size) this.say(this.words.textSame);
      this.save();
    });
    place.closest('.field').append(box);
  }

  /** The button saves the same way first, so that nothing is on its way when the page goes. */
  async beforeSubmit(event) {
    if (this.passing || this.halted) return;
    event.preventDefault();
    const button = event.submitter;
    const arrived = await this.flush();
    if (!arrived && !(this.halted || this.serverFailed)) { this.status.scrollIntoView({ block: 'nearest' }); return; }
    this.passing = true;
    this.form.elements.base.value = JSON.stringify(Object.fromEntries(Object.entries(this.bases).map(([name, mark]) => [name.slice(ANSWER.length), mark])));
    this.form.requestSubmit(button);
  }

  async flush() {
    while (await this.save()) if (!Object.keys(this.changes()).length) return true;
    return false;
  }
}

const form = typeof document === 'undefined' ? null : document.querySelector('form[data-live]');
if (form) {
  startRows(form);
  startConditions(form);
}
if (form?.dataset.autosave) {
  new Autosave(form);
  // Coming back through the browser's history shows an old page with old answers.
  window.addEventListener('pageshow', (event) => { if (event.persisted) window.location.reload(); });
}
if (typeof document !== 'undefined') document.querySelector('.errsum')?.focus();

/** On the other pages of an application: send what other pages could not, and say where something is left. */
async function sendKept(box) {
  const copies = await orphans(box.dataset.kept);
  for (const copy of copies) {
    let answer = null;
    try {
      const response = await post(copy.address, box.dataset.token, { revision: '0', fields: copy.fields, bases: copy.bases });
      answer = response.ok ? await response.json() : null;
    } catch { /* no network: it stays where it is */ }
    if (answer && !answer.unsaved.length) { drop(copy.key); continue; }
    const link = document.createElement('a');
    link.href = copy.page;
    link.textContent = copy.title;
    const line = document.createElement('li');
    line.append(link);
    box.querySelector('ul').append(line);
    box.hidden = false;
    document.querySelector('[data-all-saved]')?.replaceChildren(box.dataset.title);
  }
}

const kept = typeof document === 'undefined' ? null : document.querySelector('[data-kept]');
if (kept) sendKept(kept);

// Rows: the buttons of a row work without this file too, by way of the server.

function cellsOf(row) {
  return [...row.querySelectorAll('[data-column]')];
}

/** The rows as a list of texts by column; rows without a word are none. */
export function readRows(rows) {
  const lines = [...rows.querySelectorAll('[data-row]')].map((row) => Object.fromEntries(cellsOf(row).map((cell) => [cell.dataset.column, cell.value.trim()]).filter(([, text]) => text)));
  const filled = lines.filter((line) => Object.keys(line).length);
  return filled.length ? JSON.stringify(filled) : '';
}

function writeRows(rows, text) {
  let lines = [];
  try { lines = JSON.parse(text || '[]'); } catch { return; }
  for (const row of rows.querySelectorAll('[data-row]')) row.remove();
  for (let i = 0; i < Math.max(lines.length, Number(rows.dataset.least), 1); i += 1) {
    const row = addRow(rows);
    for (const cell of cellsOf(row)) cell.value = lines[i]?.[cell.dataset.column] ?? '';
  }
  renumber(rows);
}

function addRow(rows) {
  rows.querySelector('[data-lines]').append(rows.querySelector('template').content.cloneNode(true));
  return [...rows.querySelectorAll('[data-row]')].at(-1);
}

function renumber(rows) {
  const lines = [...rows.querySelectorAll('[data-row]')];
  lines.forEach((row, place) => {
    const fresh = (text) => text?.replace(/-(\d+|#)-/, `-${place}-`);
    for (const cell of cellsOf(row)) {
      cell.name = fresh(cell.name); cell.id = fresh(cell.id);
      const label = row.querySelector(`[data-label="${cell.dataset.column}"]`);
      label.htmlFor = cell.id;
    }
    for (const number of row.querySelectorAll('[data-number]')) number.textContent = String(place + 1);
    for (const button of row.querySelectorAll('button[name=row]')) {
      button.value = button.value.replace(/\d+$|#$/, String(place));
      button.setAttribute('aria-label', button.dataset.says.replace('#', String(place + 1)));
    }
    row.querySelector('[value*=":up:"]').disabled = place === 0;
    row.querySelector('[value*=":down:"]').disabled = place === lines.length - 1;
  });
  rows.querySelector('[value$=":add"]').disabled = lines.length >= Number(rows.dataset.most);
  addUp(rows);
}

/** Sums of the columns that are added up, and what is missing to the amount that they must come to. */
function addUp(rows) {
  for (const place of rows.querySelectorAll('[data-total-of]')) {
    let sum = 0;
    for (const cell of rows.querySelectorAll(`[data-column="${CSS.escape(place.dataset.totalOf)}"]`)) sum += Number(cell.value.replace(/[^\d.-]/g, '')) || 0;
    place.textContent = sum.toLocaleString('en-US', { maximumFractionDigits: 4 });
    const gap = rows.querySelector('[data-gap]');
    if (!gap) continue;
    const owed = document.querySelector(`[name="${CSS.escape(gap.dataset.gap)}"]:checked, select[name="${CSS.escape(gap.dataset.gap)}"], input[name="${CSS.escape(gap.dataset.gap)}"]:not([type=radio])`);
    const wanted = owed ? Number(owed.value.replace(/[^\d]/g, '')) || 0 : Number(gap.dataset.wanted);
    gap.querySelector('[data-wanted-text]').textContent = wanted.toLocaleString('en-US');
    gap.querySelector('[data-gap-text]').textContent = (wanted - sum).toLocaleString('en-US').replace('-', '−');
    gap.classList.toggle('is-even', wanted === sum && wanted > 0);
  }
}

function act(rows, verb, row) {
  const said = rows.querySelector('[data-rows-said]');
  const line = row && [...rows.querySelectorAll('[data-row]')].indexOf(row);
  let next = row;
  if (verb === 'add') next = addRow(rows);
  if (verb === 'remove') { next = row.nextElementSibling ?? row.previousElementSibling; row.remove(); next ??= addRow(rows); }
  if (verb === 'up') row.previousElementSibling?.before(row);
  if (verb === 'down') row.nextElementSibling?.after(row);
  renumber(rows);
  const button = next.querySelector(`[value*=":${verb}:"]`);
  (verb === 'add' || !button || button.disabled ? cellsOf(next)[0] : button).focus();
  said.textContent = rows.dataset[`said${verb[0].toUpperCase()}${verb.slice(1)}`].replace('#', String((line ?? [...rows.querySelectorAll('[data-row]')].length - 1) + 1));
}

function startRows(page) {
  for (const rows of page.querySelectorAll('[data-rows]')) {
    renumber(rows);
    rows.addEventListener('click', (event) => {
      const button = event.target.closest('button[name=row]');
      if (!button) return;
      event.preventDefault();
      act(rows, button.value.split(':')[1], button.closest('[data-row]'));
      page.dispatchEvent(new Event('input'));
    });
  }
  for (const kind of ['input', 'change', 'written']) page.addEventListener(kind, () => page.querySelectorAll('[data-rows]').forEach(addUp));
}

// Questions that depend on answers: the server decides the same way what is asked.

/** Whether a condition holds for an answer as the form has it. */
export function holds(condition, answer) {
  const given = answer !== undefined && answer !== '' && answer !== '[]';
  if ('answered' in condition) return given === condition.answered;
  if (!given) return false;
  if ('in' in condition) return condition.in.includes(answer);
  const number = Number(answer.replaceAll(',', ''));
  return Number.isFinite(number) && number >= (condition.at_least ?? -Infinity) && number <= (condition.at_most ?? Infinity);
}

function startConditions(page) {
  if (page.elements.live) page.elements.live.value = '1';
  const asked = [...page.querySelectorAll('[data-when]')];
  if (!asked.length) return;
  const value = (name, condition) => {
    const fields = page.elements[name];
    if (fields === undefined) return condition.now;
    const holder = (fields instanceof RadioNodeList ? fields[0] : fields).closest('[data-when]');
    return holder?.hidden ? '' : fields.value;
  };
  const show = () => {
    for (const question of asked) question.hidden = !JSON.parse(question.dataset.when).every((one) => holds(one, value(one.name, one)));
  };
  for (const kind of ['input', 'change', 'written']) page.addEventListener(kind, show);
  show();
}

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
